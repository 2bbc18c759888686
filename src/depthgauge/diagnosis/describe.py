"""One line on a network, and what a diagnosis was made with."""

import platform

import torch
from torch import nn
from torch.nn.parameter import is_lazy


def describe(net: nn.Module) -> str:
    """Return the network's class and its number of parameters."""
    count = sum(p.numel() for p in net.parameters() if not is_lazy(p))
    return f"{type(net).__name__}, {count:,} parameters"


_SIZES = (
    ("in_features", "out_features"),
    ("in_channels", "out_channels"),
    ("input_size", "hidden_size"),
    ("num_embeddings", "embedding_dim"),
    ("embed_dim", "embed_dim"),
)
"""Names that modules of torch give to the number of their inputs and outputs."""


def class_and_size(module: nn.Module) -> str:
    """Return the module's class and, where it has them, its inputs and outputs: "Linear 64→10"."""
    name = type(module).__name__
    for pair in _SIZES:
        inputs, outputs = (getattr(module, each, None) for each in pair)
        if isinstance(inputs, int) and isinstance(outputs, int):
            return f"{name} {inputs}→{outputs}"
    return name


def about(net: nn.Module) -> dict[str, str]:
    """Return versions and device."""
    devices = sorted({str(p.device) for p in net.parameters()})
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": ", ".join(devices) or "none",
    }
