"""Where to compute."""

import torch

from depthgauge.config import Device
from depthgauge.errors import ResourceError


def available_device(wanted: Device) -> str:
    """Return cpu, cuda or mps; ResourceError when a GPU is asked for where there is none."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted is Device.auto:
        return next((name for name, there in present.items() if there), "cpu")
    if not present.get(wanted.value, True):
        raise ResourceError(
            f"device={wanted.value} was asked for, but torch {torch.__version__} sees no such GPU"
            " here; use device=cpu or device=auto"
        )
    return wanted.value
