"""Names that a key may take."""

from enum import Enum


class Spacing(Enum):
    """How probe steps are spread over a run."""

    linear = "linear"
    log = "log"


class Precision(Enum):
    """The floating-point type of weights and activations, and how their products are rounded."""

    float32 = "float32"
    float64 = "float64"
    tf32 = "tf32"
    """float32, but CUDA's tensor cores may round the factors of a product to 10 bits."""


class Device(Enum):
    """Where a cell is computed; auto: a CUDA GPU, if there, above the scale quick; else the CPU."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Curvature(Enum):
    """What a parameter's step size is divided by."""

    hessian = "hessian"
    variance = "variance"
