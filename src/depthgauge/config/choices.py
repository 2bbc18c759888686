"""Names that a key may take."""

from enum import Enum


class Spacing(Enum):
    """How probe steps are spread over a run."""

    linear = "linear"
    log = "log"


class Precision(Enum):
    """The floating-point type of weights and activations."""

    float32 = "float32"
    float64 = "float64"


class Device(Enum):
    """Where a cell is computed; auto takes a GPU where there is one."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Curvature(Enum):
    """What a parameter's step size is divided by."""

    hessian = "hessian"
    variance = "variance"
