"""Where to compute, and how products are rounded there."""

from typing import Any

import torch

from depthgauge.config import Device, Precision
from depthgauge.errors import ResourceError

SMALL = ("smoke", "quick")
"""Scales whose nets train at least as fast on a processor, and whose results are published."""


def available_device(wanted: Device, scale: str = "paper") -> str:
    """Return cpu, cuda or mps; ResourceError when a GPU is asked for where there is none.

    `auto` takes a CUDA GPU for studies above the scale quick alone, so that the pipeline has the
    same keys and digits on a machine with a GPU. It leaves mps alone: it lacks the float64 that
    accuracies and moments are summed in.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted is Device.auto:
        return "cuda" if present["cuda"] and scale not in SMALL else "cpu"
    if not present.get(wanted.value, True):
        raise ResourceError(
            f"device={wanted.value} was asked for, but torch {torch.__version__} sees no such GPU"
            " here; use device=cpu or device=auto"
        )
    return wanted.value


def require_precision(precision: Precision, device: str) -> None:
    """Raise ResourceError for TF32 where there are no CUDA tensor cores."""
    if precision is Precision.tf32 and device != "cuda":
        raise ResourceError(
            f"precision=tf32 was asked for, but device={device} has no CUDA tensor cores; use"
            " precision=float32"
        )


def dtype(precision: Precision) -> torch.dtype:
    """Return the type that weights and activations are kept in."""
    return torch.float64 if precision is Precision.float64 else torch.float32


def set_products(precision: Precision, device: str) -> None:
    """Let CUDA round the factors of float32 products to TF32 only if that is asked for.

    Set explicitly, since an environment variable or another library may have turned it on.
    """
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = precision is Precision.tf32


def gpu(precision: Precision, device: str) -> dict[str, Any]:
    """Return what a record says of its CUDA GPU, nothing on other devices."""
    if device != "cuda":
        return {}
    name = torch.cuda.get_device_name()
    return {"gpu": {"name": name, "cuda": torch.version.cuda, "tf32": precision is Precision.tf32}}
