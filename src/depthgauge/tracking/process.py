"""Which process works on a run, and whether it is alive: a killed one leaves its run RUNNING."""

import os
import socket
from pathlib import Path

import psutil

from depthgauge.tracking.store import Store, raises_tracking_errors

PROCESS = "depthgauge.process"
"""Tag: HOST PID STARTED of the process that works on a run. STARTED is in seconds after the start
of the machine, which a change of the clock does not affect."""

MOST_RUNS = 50_000
"""More runs than any sweep has, and MLflow's own limit for one search."""

OWN_NUMBERS = "pid:[4026531836]"
"""The first process namespace of every Linux machine (PROC_PID_INIT_INO in linux/proc_ns.h)."""


def host() -> str:
    """Return where a process id is valid: the name of the machine, or of a container on it."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # a system without containers
        numbers = OWN_NUMBERS
    return socket.gethostname() + f" {numbers}" * (numbers != OWN_NUMBERS)


def process_tags() -> dict[str, str]:
    """Return the tag that names this process, on this machine, now."""
    return {PROCESS: f"{host()} {os.getpid()} {started(psutil.Process())}"}


def started(process: psutil.Process) -> float:
    """Return when a process began, in seconds after the machine did."""
    return process.create_time() - psutil.boot_time()


@raises_tracking_errors
def mark_killed(store: Store) -> None:
    """Mark as KILLED every run of this machine that waits for a process that is gone.

    Runs of other machines (a cluster's nodes) or containers are left alone. Raises TrackingError.
    """
    experiments = [each.experiment_id for each in store.client.search_experiments()]
    for status in ("RUNNING", "SCHEDULED"):
        here = f"attributes.status = '{status}' and tags.`{PROCESS}` LIKE '{host()} %'"
        for run in store.client.search_runs(experiments, here, max_results=MOST_RUNS):
            name, pid, since = run.data.tags[PROCESS].rsplit(" ", 2)
            if name == host() and is_gone(int(pid), float(since)):
                store.client.set_terminated(run.info.run_id, "KILLED")


def is_gone(pid: int, since: float) -> bool:
    """Return whether the process that started `since` seconds after this machine has ended."""
    try:
        process = psutil.Process(pid)
        # Pids are reused, but not within a second or two.
        same = abs(started(process) - since) < 2.0
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
