"""One line on a network, and what a diagnosis was made with."""

import platform

import torch
from torch import nn
from torch.nn.parameter import is_lazy


def describe(net: nn.Module) -> str:
    """Return the network's class and its number of parameters."""
    count = sum(p.numel() for p in net.parameters() if not is_lazy(p))
    return f"{type(net).__name__}, {count:,} parameters"


def about(net: nn.Module) -> dict[str, str]:
    """Return versions and device."""
    devices = sorted({str(p.device) for p in net.parameters()})
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": ", ".join(devices) or "none",
    }
