"""Settings of the procedures other than plain descent."""

import math
from dataclasses import dataclass, field

from depthgauge.config.checks import require, require_least, require_positive
from depthgauge.config.choices import Curvature


@dataclass
class Capacity:
    """What procedure=capacity changes about a trained network, and about its training."""

    frozen: int = 0
    """Layers, input side first, that keep their initial weights and biases."""
    inserted: int = 2
    """Layers of identity neurons put behind the last hidden layer of the trained network."""
    weights: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.5, 1.0, 2.0, 4.0])
    """Their w_1, one network each."""

    def __post_init__(self) -> None:
        require_least("capacity.", self, frozen=0, inserted=1)
        for weight in self.weights:
            positive = math.isfinite(weight) and weight > 0
            require(positive, "capacity.weights", self.weights, "numbers > 0")


@dataclass
class Surface:
    """The plane of two weights, one a layer, over which procedure=surfaces draws costs."""

    points: int = 33
    """Values of each weight, evenly spread, both ends among them."""
    span: float = 4.0
    """Both weights run from -span to span."""
    features: int = 10
    """Inputs of the net: random signals, not a data set's."""
    classes: int = 10

    def __post_init__(self) -> None:
        require(2 <= self.points <= 1000, "surface.points", self.points, "from 2 to 1000")
        require_positive("surface.span", self.span)
        require_least("surface.", self, features=1, classes=2)


@dataclass
class Remedy:
    """What procedure=remedies changes about plain SGD on plain networks; one at a time, mostly."""

    optimizer: str = "sgd"
    """training/directions.py names them; `learning_rate` is its step size. This and `normalization`
    may be import paths (docs/own.md)."""
    layer_rates: bool = False
    """A step size for each layer: the rate times |w^l| / |step in w^l|. Biases keep the rate."""
    clip: float = 0.0
    """Largest norm of a network's gradient; 0 clips nothing."""
    normalization: str = "none"
    """Of the hidden pre-activations: batch, layer or none."""
    residual: bool = False
    """Hidden layers as wide as the one before add to it."""
    unit_variance: bool = False
    """Rescale the initial layers to unit variance on the probe images: LSUV, after orthogonal."""

    def __post_init__(self) -> None:
        finite = math.isfinite(self.clip) and self.clip >= 0
        require(finite, "remedy.clip", self.clip, "a number >= 0")


@dataclass
class StepSizes:
    """How procedure=second_order finds a step size for each parameter."""

    curvature: Curvature = Curvature.hessian
    """The Hessian's diagonal, by a second backward pass, or the variance of gradients."""
    every: int = 10
    """Steps between two estimates, each on the mini-batch of that step."""
    memory: float = 0.98
    """Share of the running estimate that is kept each time."""
    damping: float = 0.1
    """Added to the estimate, in units of its mean over the network; limits the steps."""

    def __post_init__(self) -> None:
        require_least("step_sizes.", self, every=1)
        require(0 <= self.memory < 1, "step_sizes.memory", self.memory, "from 0 to below 1")
        require_positive("step_sizes.damping", self.damping)


@dataclass
class SupportVectors:
    """The grid of procedure=support_vectors; all pairs of C and gamma are tried."""

    c: list[float] = field(default_factory=lambda: [1.0, 10.0, 100.0])
    """Penalties of an example on the wrong side."""
    gamma: list[float] = field(default_factory=lambda: [1.0, 3.0, 10.0])
    """Of the kernel exp(-gamma |x - y|^2), in parts of 1 / (features * variance of the inputs)."""
    images: int = 0
    """Images used of the validation and of the test split; 0: all."""

    def __post_init__(self) -> None:
        for name in ("c", "gamma"):
            values = getattr(self, name)
            positive = values and all(math.isfinite(each) and each > 0 for each in values)
            require(bool(positive), f"support_vectors.{name}", values, "a list of numbers > 0")
        require_least("support_vectors.", self, images=0)


@dataclass
class Pretraining:
    """How procedure=pretraining trains hidden layers without labels, one after another."""

    steps: int = 0
    """Steps of each layer; 0: no pre-training."""
    rate: float = 0.1
    masked: float = 0.25
    """Probability that an input of the encoder is set to 0, rounded to 1/256."""

    def __post_init__(self) -> None:
        require_least("pretraining.", self, steps=0)
        require_positive("pretraining.rate", self.rate)
        require(0 <= self.masked < 1, "pretraining.masked", self.masked, "from 0 to below 1")
