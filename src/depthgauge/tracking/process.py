"""Which process works on a run, and whether it still does: a killed one leaves RUNNING behind."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from depthgauge.tracking.store import Store, reported

HOST, PID, STARTED = "depthgauge.host", "depthgauge.pid", "depthgauge.process_started"
"""STARTED: seconds from the machine's start to the process's: no change of the clock moves them."""

MANY = 50_000
"""More runs than any sweep has, and MLflow's own limit for one search."""


OWN_NUMBERS = "pid:[4026531836]"
"""The first process namespace of every Linux machine (PROC_PID_INIT_INO in linux/proc_ns.h)."""


def host() -> str:
    """Return within what a process's number means something: a machine, or a container on it."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # a system without containers
        numbers = OWN_NUMBERS
    return socket.gethostname() + f" {numbers}" * (numbers != OWN_NUMBERS)


def process_tags() -> dict[str, str]:
    """Return the tags that name this process, on this machine, now."""
    return {
        HOST: host(),
        PID: str(os.getpid()),
        STARTED: str(started(psutil.Process())),
    }


def started(process: psutil.Process) -> float:
    """Return when a process began, in seconds after the machine did."""
    return process.create_time() - psutil.boot_time()


@reported
def bury_killed(store: Store) -> None:
    """Mark as KILLED every run of this machine that waits for a process that is gone.

    Runs of other machines (a cluster's nodes) or containers are left alone. Raises TrackingError.
    """
    experiments = [each.experiment_id for each in store.client.search_experiments()]
    for status in ("RUNNING", "SCHEDULED"):
        here = f"attributes.status = '{status}' and tags.`{HOST}` = '{host()}'"
        for run in store.client.search_runs(experiments, here, max_results=MANY):
            if is_gone(run.data.tags):
                store.client.set_terminated(run.info.run_id, "KILLED")


def is_gone(tags: Mapping[str, str]) -> bool:
    """Tell whether the process that the tags name has ended, on the machine that it ran on."""
    try:
        process = psutil.Process(int(tags[PID]))
        # A pid is given out again; no two of the same number start within the same second or two.
        same = abs(started(process) - float(tags[STARTED])) < 2.0
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
