"""What one grid cell is, checked: plain dataclasses with units and limits.

`Experiment` holds every key that can change a number; its hash is part of a cell's key. `Config`
adds what cannot: where to compute, what to show. Nothing below `stages/` sees any other config.
"""

import math
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

from depthgauge.errors import ConfigError


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


@dataclass
class Dataset:
    """A prepared data set and the scale of its inputs: x = pixel / divide - subtract."""

    name: str = "mnist"
    divide: float = 256.0
    subtract: float = 0.0
    stream: bool = False
    """Train on images generated on the way, each one once and each seed its own: shapeset alone."""

    def __post_init__(self) -> None:
        _require(self.name.isidentifier(), "dataset.name", self.name, "a plain word")
        _require(
            math.isfinite(self.divide) and self.divide > 0, "dataset.divide", self.divide, "> 0"
        )
        _require(math.isfinite(self.subtract), "dataset.subtract", self.subtract, "finite")


@dataclass
class Gradients:
    """The gradient-norm callback: when it looks, at which images, and how closely."""

    every: int = 100
    """Steps between two records; 0 turns the callback off. The last state is always recorded."""
    spacing: Spacing = Spacing.linear
    """linear: steps 0, every, 2 every, ...; log: about `every` records a factor of ten."""
    images: int = 100
    """The probe set is the first so many training images, in the file's order."""
    per_neuron: bool = False
    """Record the averaged bias gradient of each neuron too, not its norm alone."""
    batch: bool = False
    """Record the gradient of the mini-batch itself, before the step that it drives."""
    window: int = 1
    """Steps (of those recorded) over which the mini-batch gradient vector is averaged."""
    signals: bool = False
    """Record the mean square of what each layer is fed too: the lengths of mean field."""

    def __post_init__(self) -> None:
        _require(self.every >= 0, "gradients.every", self.every, ">= 0")
        _require(self.images >= 1, "gradients.images", self.images, ">= 1")
        _require(self.window >= 1, "gradients.window", self.window, ">= 1")


@dataclass
class Evaluation:
    """Cost and accuracy on whole splits."""

    every: int = 0
    """Steps between two evaluations; 0 evaluates nothing."""
    splits: list[str] = field(default_factory=lambda: ["validation"])
    images: int = 0
    """Only the first so many of each split; 0: all of them."""

    def __post_init__(self) -> None:
        _require(self.every >= 0, "evaluation.every", self.every, ">= 0")
        _require(self.images >= 0, "evaluation.images", self.images, ">= 0")
        for split in self.splits:
            _require(
                split in ("train", "validation", "test"),
                "evaluation.splits",
                split,
                "train, validation or test",
            )


@dataclass
class Bounds:
    """How close gradients come to what the weights alone allow: bound (**) and identity (*)."""

    every: int = 0
    """Records a factor of ten, or steps between two (see `spacing`); 0 turns the callback off."""
    spacing: Spacing = Spacing.log
    images: int = 100
    """The probe set is the first so many training images, in the file's order."""
    identities: int = 0
    """On how many of them identity (*) is checked; a singular value decomposition each."""

    def __post_init__(self) -> None:
        _require(self.every >= 0, "bounds.every", self.every, ">= 0")
        _require(self.images >= 1, "bounds.images", self.images, ">= 1")
        enough = 0 <= self.identities <= self.images
        _require(enough, "bounds.identities", self.identities, f"from 0 to images ({self.images})")


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
        _require(self.frozen >= 0, "capacity.frozen", self.frozen, ">= 0")
        _require(self.inserted >= 1, "capacity.inserted", self.inserted, ">= 1")
        for weight in self.weights:
            positive = math.isfinite(weight) and weight > 0
            _require(positive, "capacity.weights", self.weights, "numbers > 0")


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
        _require(2 <= self.points <= 1000, "surface.points", self.points, "from 2 to 1000")
        finite = math.isfinite(self.span) and self.span > 0
        _require(finite, "surface.span", self.span, "a number > 0")
        _require(self.features >= 1, "surface.features", self.features, ">= 1")
        _require(self.classes >= 2, "surface.classes", self.classes, ">= 2")


class Curvature(Enum):
    """What a parameter's step size is divided by."""

    hessian = "hessian"
    variance = "variance"


@dataclass
class StepSizes:
    """How procedure=second_order finds a step size for each parameter."""

    curvature: Curvature = Curvature.hessian
    """The Hessian's diagonal, by a second backward pass, or the variance of gradients."""
    every: int = 10
    """Steps between two looks at it, each at the mini-batch of that step."""
    memory: float = 0.98
    """What is kept of the running estimate at each look."""
    damping: float = 0.1
    """Added to the estimate, in parts of its mean over the network: flat directions stay slow."""

    def __post_init__(self) -> None:
        _require(self.every >= 1, "step_sizes.every", self.every, ">= 1")
        _require(0 <= self.memory < 1, "step_sizes.memory", self.memory, "from 0 to below 1")
        positive = math.isfinite(self.damping) and self.damping > 0
        _require(positive, "step_sizes.damping", self.damping, "a number > 0")


@dataclass
class Look:
    """When an instrument looks, and at how many images."""

    every: int = 0
    """Steps between two records, as for `gradients`; 0 turns the instrument off."""
    spacing: Spacing = Spacing.log
    images: int = 300
    """The first so many of the split. 300: Glorot and Bengio, section 3.1."""

    def __post_init__(self) -> None:
        _require(self.every >= 0, "every", self.every, ">= 0")
        _require(self.images >= 1, "images", self.images, ">= 1")


@dataclass
class Signal(Look):
    """The spread of deltas and weight gradients, on the first training images."""

    histograms: int = 0
    """Images of which every weight gradient is counted in a histogram; 0: no histograms."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(
            0 <= self.histograms <= self.images,
            "signal.histograms",
            self.histograms,
            f"from 0 to signal.images ({self.images})",
        )


@dataclass
class SupportVectors:
    """The grid of procedure=support_vectors; all pairs of C and gamma are tried."""

    c: list[float] = field(default_factory=lambda: [1.0, 10.0, 100.0])
    """Penalties of an example on the wrong side."""
    gamma: list[float] = field(default_factory=lambda: [1.0, 3.0, 10.0])
    """Of the kernel exp(-gamma |x - y|^2), in parts of 1 / (features * variance of the inputs)."""
    images: int = 0
    """Images of the validation and of the test split that are looked at; 0 stands for all."""

    def __post_init__(self) -> None:
        for name in ("c", "gamma"):
            values = getattr(self, name)
            positive = values and all(math.isfinite(each) and each > 0 for each in values)
            _require(bool(positive), f"support_vectors.{name}", values, "a list of numbers > 0")
        _require(self.images >= 0, "support_vectors.images", self.images, ">= 0")


@dataclass
class Remedy:
    """What procedure=remedies changes about plain SGD on plain networks; one at a time, mostly."""

    optimizer: str = "sgd"
    """training/directions.py names them; `learning_rate` is its step size."""
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
        _require(finite, "remedy.clip", self.clip, "a number >= 0")


@dataclass
class Pretraining:
    """How procedure=pretraining trains hidden layers without labels, one after another."""

    steps: int = 0
    """Steps of each layer; 0 leaves the initial weights as they are."""
    rate: float = 0.1
    masked: float = 0.25
    """Chance of an input to be set to 0 for the encoder; kept in 256ths."""

    def __post_init__(self) -> None:
        _require(self.steps >= 0, "pretraining.steps", self.steps, ">= 0")
        positive = math.isfinite(self.rate) and self.rate > 0
        _require(positive, "pretraining.rate", self.rate, "a number > 0")
        _require(0 <= self.masked < 1, "pretraining.masked", self.masked, "from 0 to below 1")


@dataclass
class Experiment:
    """Everything scientific about a cell but its replicas (seeds and learning rates)."""

    procedure: str = "descent"
    """What is done with the networks; training/procedures.py names them."""
    dataset: Dataset = field(default_factory=Dataset)
    hidden: list[int] = field(default_factory=lambda: [30])
    """Widths of the hidden layers, input side first."""
    activation: str = "sigmoid"
    init: str = "nielsen_default"
    cost: str = "cross_entropy"
    l2: float = 0.0
    """Nielsen's lambda: the cost gains lambda / (2 n) sum w^2, n the training examples used."""
    train_size: int = 50_000
    """Examples used for training, the first ones of the training split; 0 stands for all."""
    batch_size: int = 10
    steps: int = 0
    """SGD steps. Order: a fresh permutation each pass; a last partial mini-batch is left out."""
    precision: Precision = Precision.float32
    gradients: Gradients = field(default_factory=Gradients)
    evaluation: Evaluation = field(default_factory=Evaluation)
    remedy: Remedy = field(default_factory=Remedy)
    saturation: Look = field(default_factory=Look)
    """Activations of every layer, on the first test images."""
    signal: Signal = field(default_factory=Signal)
    jacobians: Look = field(default_factory=Look)
    """Singular values of the hidden layers' Jacobians, on the first test images."""
    output_speed: Look = field(default_factory=Look)
    """Speeds of the output's bias and of what it is added to, on the first training images."""
    surface: Surface = field(default_factory=Surface)
    step_sizes: StepSizes = field(default_factory=StepSizes)
    support_vectors: SupportVectors = field(default_factory=SupportVectors)
    pretraining: Pretraining = field(default_factory=Pretraining)
    bounds: Bounds = field(default_factory=Bounds)
    capacity: Capacity = field(default_factory=Capacity)

    def __post_init__(self) -> None:
        _require(len(self.hidden) >= 1, "hidden", self.hidden, "at least one layer, as in [30]")
        for width in self.hidden:
            _require(1 <= width <= 100_000, "hidden", self.hidden, "widths from 1 to 100000")
        _require(math.isfinite(self.l2) and self.l2 >= 0, "l2", self.l2, ">= 0")
        _require(self.train_size >= 0, "train_size", self.train_size, ">= 0")
        most = self.train_size or math.inf
        _require(
            1 <= self.batch_size <= most,
            "batch_size",
            self.batch_size,
            f"from 1 to train_size ({self.train_size})",
        )
        _require(self.steps >= 0, "steps", self.steps, ">= 0")
        for name in ("gradients", "signal", "output_speed"):
            settings = getattr(self, name)
            _require(
                settings.images <= most or settings.every == 0,
                f"{name}.images",
                settings.images,
                f"at most train_size ({self.train_size})",
            )
        _require(
            self.bounds.images <= most or self.bounds.every == 0,
            "bounds.images",
            self.bounds.images,
            f"at most train_size ({self.train_size})",
        )


@dataclass
class Config(Experiment):
    """An experiment, its replicas, and what changes no number."""

    scale: str = "quick"
    """Picks the study's protocol from its `at` table: smoke, quick or paper."""
    learning_rate: Any = 0.1
    """One rate, or a list of rates, each of which gets all the seeds."""
    seeds: int = 10
    """How many seeds: 0, 1, ..., seeds - 1."""
    replicas: int = 16
    """Networks computed together; a block of this many has a key, and a file, of its own."""
    device: Device = Device.auto
    tracking: bool = True
    """Write to MLflow while training and afterwards."""
    out: str | None = None
    """Folder in which the finished sweep is assembled for the pipeline (build/STUDY)."""
    model: str = ""
    """Names one of `models` where a study's axis is a bundle of keys, as activation with init."""
    models: dict[str, Any] = field(default_factory=dict)
    """The bundles; a page refers to them as ${models.${model}.activation}."""
    notebook: dict[str, Any] = field(default_factory=dict)
    """The study's page: question, source, claims served, expected minutes."""
    at: dict[str, Any] = field(default_factory=dict)
    """The study's protocol by scale."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(1 <= self.seeds <= 1_000_000, "seeds", self.seeds, "from 1 to 1000000")
        _require(1 <= self.replicas <= 65_536, "replicas", self.replicas, "from 1 to 65536")
        rates = self.learning_rates()
        wanted = "a number > 0, or a list of them"
        _require(len(rates) > 0, "learning_rate", rates, wanted)
        for rate in rates:
            number = isinstance(rate, int | float) and not isinstance(rate, bool)
            positive = number and math.isfinite(rate) and rate > 0
            _require(positive, "learning_rate", rate, wanted)

    def learning_rates(self) -> list[float]:
        """Return the rates of the replica table, in the order given."""
        rate = self.learning_rate
        return list(rate) if isinstance(rate, list | tuple) else [rate]

    def experiment(self) -> Experiment:
        """Return the scientific part alone."""
        return Experiment(**{each.name: getattr(self, each.name) for each in fields(Experiment)})


def sized(config: Config, examples: int) -> Config:
    """Return `config` with train_size=0 as what it means: all `examples` of the training split."""
    return config if config.train_size else replace(config, train_size=examples)


def plain(value: Any) -> Any:
    """Return a config as JSON can hold it: dicts, lists, strings, numbers."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _require(holds: bool, key: str, value: Any, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"{key}={value} will not do: {key} must be {wanted}")
