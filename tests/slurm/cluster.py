"""A real Slurm on this machine alone: one controller, one node, no accounting, for one test."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")

NODE = "node"
CPUS = 4
"""More than the machine may have: the test's jobs mostly wait for files and imports."""

CONF = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
# all on one machine, as anybody, in a container without cgroups or systemd
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
# no accounting: sacct has nothing to say, as on many small clusters
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
# quick: a killed job has two seconds; one that is requeued starts again after as many
KillWait=2
AuthInfo=cred_expire=5
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cpus} RealMemory=8000
# a job of the second partition takes the place of those of the first, which are requeued
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=short Nodes={node} Default=YES MaxTime=60 State=UP PriorityTier=1
PartitionName=urgent Nodes={node} MaxTime=60 State=UP PriorityTier=2
"""


def missing() -> list[str]:
    """Return the programs of Slurm that are not on the path."""
    return [each for each in PROGRAMS if shutil.which(each) is None]


def ask(*command: str) -> str:
    """Return what a command of Slurm's prints."""
    return subprocess.run(command, capture_output=True, text=True).stdout


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Run a cluster whose files are in `folder`; yield the variables that lead commands to it."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    conf = folder / "slurm.conf"
    conf.write_text(
        CONF.format(
            host=socket.gethostname(),
            user=pwd.getpwuid(os.getuid()).pw_name,
            folder=folder,
            ports=_free_ports(2),
            node=NODE,
            cpus=CPUS,
        )
    )
    lead = {"SLURM_CONF": str(conf)}
    daemons = []
    try:
        for command in (["slurmctld", "-D"], ["slurmd", "-D", "-N", NODE]):
            daemons.append(
                subprocess.Popen(
                    [*command, "-f", str(conf)],
                    env=os.environ | lead,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        _wait_until_idle(lead, folder)
        yield lead
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _wait_until_idle(lead: dict[str, str], folder: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        seen = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=os.environ | lead, capture_output=True, text=True
        )
        if set(seen.stdout.split()) == {"idle"}:
            return
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
            raise RuntimeError(f"Slurm did not start: {seen.stdout}{seen.stderr}\n{logs}")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
