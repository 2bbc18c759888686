"""The claims of Glorot and Bengio, from claims.yaml beside this file."""

from pathlib import Path

from depthgauge.claims.named import functions
from depthgauge.claims.register import load
from depthgauge.studies.glorot import (
    cost_surface,
    errors,
    gradients,
    initial,
    output_speed,
    pretraining,
    saturation,
    sigmoid_saturation,
    svm,
    widths,
)

READERS = functions(
    cost_surface,
    errors,
    gradients,
    initial,
    output_speed,
    pretraining,
    saturation,
    sigmoid_saturation,
    svm,
    widths,
)

REGISTER = load(Path(__file__).with_name("claims.yaml"), READERS)
