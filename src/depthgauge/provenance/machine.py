"""Which machine and software compute: what a wall time depends on besides the code."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil


def machine(device: str) -> str:
    """Return processor, cores, memory, system, and the GPU where `device` is one."""
    memory = psutil.virtual_memory().total / 2**30
    cores = os.cpu_count() or 1
    parts = [
        _processor(),
        f"{cores} core{'s' * (cores != 1)}",
        f"{memory:.0f} GiB of memory",
        _system(),
        platform.machine(),
    ]
    return ", ".join([_gpu(), *parts] if device == "cuda" else parts)


def software() -> str:
    """Return the versions of what computes."""
    names = ("torch", "numba", "numpy")
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)])


def _processor() -> str:
    """Return the processor's own name; where the system hides it, its family."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        named = dict(line.split(":", 1) for line in lines if ":" in line)
        return next(value.strip() for key, value in named.items() if key.startswith("model name"))
    except (OSError, StopIteration):
        return _apple() or platform.processor() or "unknown processor"


def _apple() -> str:
    """Return the name that macOS gives; nothing elsewhere."""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _system() -> str:
    """Return the distribution where it says its name, else the system's."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name()
