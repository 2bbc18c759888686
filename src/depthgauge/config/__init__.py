"""What one grid cell is, checked: plain dataclasses with units and limits.

`Experiment` holds every key that can change a number; its hash is part of a cell's key. `Config`
adds what cannot: where to compute, what to show. Nothing below `planning/` sees any other config.
"""

from depthgauge.config.choices import Curvature, Device, Precision, Scale, Spacing
from depthgauge.config.experiment import Config, Dataset, Experiment, plain, sized
from depthgauge.config.instruments import Bounds, Evaluation, Gradients, Look, Signal, UserProbe
from depthgauge.config.procedures import (
    Capacity,
    Pretraining,
    Remedy,
    StepSizes,
    SupportVectors,
    Surface,
)

__all__ = [
    "Bounds",
    "Capacity",
    "Config",
    "Curvature",
    "Dataset",
    "Device",
    "Evaluation",
    "Experiment",
    "Gradients",
    "Look",
    "Precision",
    "Pretraining",
    "Remedy",
    "Scale",
    "Signal",
    "Spacing",
    "StepSizes",
    "SupportVectors",
    "Surface",
    "UserProbe",
    "plain",
    "sized",
]
