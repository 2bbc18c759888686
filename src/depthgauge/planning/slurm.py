"""A sweep as jobs of Slurm: what is asked of the cluster before anything is written."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from depthgauge.config import Device
from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.training.device import available_device

PROGRAMS = ("sbatch", "srun", "squeue", "scancel", "scontrol")

FLAGS = {
    "partition": "partition",
    "timeout_min": "time",
    "mem_gb": "mem",
    "cpus_per_task": "cpus-per-task",
    "gpus_per_node": "gpus-per-node",
    "gpus_per_task": "gpus-per-task",
    "gres": "gres",
    "qos": "qos",
    "account": "account",
    "constraint": "constraint",
}
"""The launcher's keys that the cluster may refuse, by the names that sbatch has for them."""

QUEUE = ("squeue", "--me", "--noheader", "--array")

GPUS = ("gpus_per_node", "gpus_per_task", "gres")

OUT_OF_TIME = (
    "its job reached the time limit more often than hydra.launcher.max_num_timeout allows; raise"
    " that or hydra.launcher.timeout_min, or repeat the command to continue"
)

Asked = dict[str, Any]
"""What the launcher asks of Slurm for a job, key -> value."""


SLURM_LAUNCHER = "hydra_plugins.depthgauge_slurm.PatientSlurmLauncher"


def asked_of_slurm(composed: DictConfig) -> Asked | None:
    """Return the launcher's keys if the composed config runs jobs on Slurm, else None."""
    launcher = composed.hydra.launcher
    if launcher._target_ != SLURM_LAUNCHER:
        return None
    return {key: launcher[key] for key in FLAGS}


def device_of(wanted: Device, asked: Asked | None, scale: str) -> str:
    """Return where a cell will be computed: here, or where Slurm will put it.

    The machine that submits need not be like those that compute, so that `auto` means what was
    asked of Slurm; here it goes by the study's `scale`. Raises ResourceError for a GPU that is not
    here.
    """
    if asked is None:
        return available_device(wanted, scale)
    if wanted is Device.auto:
        return "cuda" if any(asked.get(key) for key in GPUS) else "cpu"
    return wanted.value


def job_name(study: str, folder: Path) -> str:
    """Return the name of a sweep's jobs; the same cells and seeds have the same one."""
    return f"{study}-{folder.name[:8]}"


def require_slurm(asked: Asked, name: str) -> None:
    """Check, before anything is written, that Slurm would take such jobs and has none of `name`."""
    lacking = [each for each in PROGRAMS if shutil.which(each) is None]
    if lacking:
        raise ResourceError(
            f"hydra/launcher=slurm needs Slurm's {', '.join(lacking)}, which are not on the path;"
            " use a machine that submits jobs, or hydra/launcher=joblib"
        )
    flags = [
        f"--{flag}={asked[key]}{'G' * (key == 'mem_gb')}"
        for key, flag in FLAGS.items()
        if asked.get(key) is not None
    ]
    tried = ask("sbatch", "--test-only", *flags, "--wrap=true")
    if tried.returncode:
        raise refused(tried.stderr)
    queued = " ".join(sorted(set(ask(*QUEUE, f"--name={name}", "--format=%A").stdout.split())))
    if queued:
        raise ResourceError(
            f"job {queued} of this sweep is in Slurm's queue; wait for its end (`depthgauge status`"
            f" shows its progress), or `scancel {queued}`, then repeat the command"
        )


def refused(printed: str) -> DepthgaugeError:
    """Return sbatch's message as an error."""
    reasons = re.findall(r"^(?:sbatch: error|allocation failure): (.*)$", printed, re.MULTILINE)
    text = "; ".join(dict.fromkeys(reasons)) or " ".join(printed.split())
    if "contact slurm controller" in text:
        return ResourceError(
            f"Slurm does not answer ({text}); ask the administrator of the cluster"
        )
    return ConfigError(
        f"Slurm refuses the jobs ({text}); correct hydra.launcher's partition, timeout_min, mem_gb,"
        " cpus_per_task or gpus_per_node (`sinfo` lists what is available)"
    )


def gave_up(error: Exception) -> bool:
    """Return whether submitit ended a cell because its job reached the time limit too often."""
    return type(error).__name__ == "UncompletedJobError"


def was_requeued(error: BaseException) -> bool:
    """Return whether submitit ended the process because its job was requeued."""
    return isinstance(error, SystemExit) and error.code == -1


def ask(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Slurm's."""
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
