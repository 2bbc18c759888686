"""What one grid cell is, checked: every key, with its unit and limits."""

import math
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

from depthgauge.config.checks import require, require_least, require_positive
from depthgauge.config.choices import Device, Precision, Scale, Spacing
from depthgauge.config.instruments import Bounds, Evaluation, Gradients, Look, Signal, UserProbe
from depthgauge.config.procedures import (
    Capacity,
    Pretraining,
    Remedy,
    StepSizes,
    SupportVectors,
    Surface,
)

MOST_STEPS = 100_000_000
"""Twenty times the longest run of the texts; their plan must still fit in memory."""
MOST_READINGS = 1_000_000
"""Of one instrument in one run; each is kept until the record is written."""
MOST_REPLICAS = 65_536
"""Of one block."""
INSTRUMENTS = (
    "gradients",
    "evaluation",
    "saturation",
    "signal",
    "jacobians",
    "output_speed",
    "bounds",
    "probe",
)


@dataclass
class Dataset:
    """A prepared data set and the scale of its inputs: x = pixel / divide - subtract."""

    name: str = "mnist"
    """Of a prepared set, or the import path of a function that returns one (docs/own.md)."""
    divide: float = 256.0
    subtract: float = 0.0
    stream: bool = False
    """Train on images generated as they are needed, each used once; for shapeset alone."""

    def __post_init__(self) -> None:
        parts = self.name.split(".")
        plain_word = all(part.isidentifier() for part in parts)
        require(plain_word, "dataset.name", self.name, "a plain word, or an import path")
        require_positive("dataset.divide", self.divide)
        require(math.isfinite(self.subtract), "dataset.subtract", self.subtract, "finite")


@dataclass
class Experiment:
    """Everything that determines a cell's numbers, except its replicas (seeds, learning rates)."""

    procedure: str = "descent"
    """What is computed; training/procedures.py lists the choices."""
    dataset: Dataset = field(default_factory=Dataset)
    hidden: list[int] = field(default_factory=lambda: [30])
    """Widths of the hidden layers, input side first."""
    activation: str = "sigmoid"
    """This, `init` and `cost` may be import paths of functions of your own (docs/own.md)."""
    init: str = "nielsen_default"
    output_bias: bool = True
    """Whether the biases of the output layer learn; false keeps them as they were drawn."""
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
    """Singular values of the hidden layers' Jacobians; each seed has test images of its own."""
    output_speed: Look = field(default_factory=Look)
    """Speeds of the output's bias and of what it is added to, on the first training images."""
    surface: Surface = field(default_factory=Surface)
    step_sizes: StepSizes = field(default_factory=StepSizes)
    support_vectors: SupportVectors = field(default_factory=SupportVectors)
    pretraining: Pretraining = field(default_factory=Pretraining)
    bounds: Bounds = field(default_factory=Bounds)
    probe: UserProbe = field(default_factory=UserProbe)
    capacity: Capacity = field(default_factory=Capacity)

    def __post_init__(self) -> None:
        require(len(self.hidden) >= 1, "hidden", self.hidden, "at least one layer, as in [30]")
        for width in self.hidden:
            require(1 <= width <= 100_000, "hidden", self.hidden, "widths from 1 to 100000")
        require(math.isfinite(self.l2) and self.l2 >= 0, "l2", self.l2, ">= 0")
        require_least("", self, train_size=0)
        most = self.train_size or math.inf
        wanted = f"from 1 to train_size ({self.train_size})"
        require(1 <= self.batch_size <= most, "batch_size", self.batch_size, wanted)
        require(0 <= self.steps <= MOST_STEPS, "steps", self.steps, f"from 0 to {MOST_STEPS}")
        self._require_few_readings()
        for name in ("gradients", "signal", "output_speed", "bounds", "probe"):
            settings = getattr(self, name)
            fits = settings.images <= most or settings.every == 0
            wanted = f"at most train_size ({self.train_size})"
            require(fits, f"{name}.images", settings.images, wanted)

    def _require_few_readings(self) -> None:
        """`every` counts steps between two readings, or readings a factor of ten of the steps."""
        for name in INSTRUMENTS:
            settings = getattr(self, name)
            if settings.every == 0:  # it is off
                continue
            linear = getattr(settings, "spacing", Spacing.linear) is Spacing.linear
            tens = math.log10(max(self.steps, 1))
            readings = self.steps / settings.every if linear else settings.every * tens
            few = readings <= MOST_READINGS and settings.every <= MOST_STEPS
            wanted = f"such that {self.steps} steps have at most {MOST_READINGS} readings"
            require(few, f"{name}.every", settings.every, wanted)


@dataclass
class Config(Experiment):
    """An experiment, its replicas, and settings that do not change its numbers."""

    scale: Scale = Scale.quick
    """Picks the study's protocol from its `at` table; a page without one has this scale alone."""
    learning_rate: Any = 0.1
    """One rate, or a list of rates, each of which gets all the seeds."""
    seeds: int = 10
    """Number of seeds: 0, 1, ..., seeds - 1."""
    replicas: int | None = None
    """Networks computed together, a block, which has a key and a file of its own; null stands for
    `cpu_replicas`, on a CUDA GPU for all of the cell, as many at once as its memory holds."""
    cpu_replicas: int = 16
    """The default of `replicas` without CUDA."""
    device: Device = Device.auto
    tracking: bool = True
    """Write to MLflow while training and afterwards."""
    out: str | None = None
    """Folder in which the finished sweep is assembled for the pipeline (build/STUDY)."""
    objective: str | None = None
    """What a sweeper such as Optuna searches by: a variable of the record that is one number a
    replica (and step), as cost_validation; its last value, as the mean over the replicas."""
    trainer: dict[str, Any] = field(default_factory=dict)
    """Arguments of Lightning's Trainer that do not change results, such as profiler."""
    callbacks: dict[str, Any] = field(default_factory=dict)
    """Name -> a callback of Lightning that only watches: its class (_target_) and arguments."""
    logger: dict[str, Any] = field(default_factory=dict)
    """Name -> a logger of Lightning for what callbacks log, likewise."""
    model: str = ""
    """Picks one of `models` where a study's axis is a bundle of keys, as activation with init."""
    models: dict[str, Any] = field(default_factory=dict)
    """The bundles, each a table of keys as above: the options of Hydra's config group `model`."""
    notebook: dict[str, Any] = field(default_factory=dict)
    """The study's page: question, source, claims served, expected minutes."""
    at: dict[str, Any] = field(default_factory=dict)
    """The study's protocol by scale."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.seeds <= 1_000_000, "seeds", self.seeds, "from 1 to 1000000")
        for name in ("replicas", "cpu_replicas"):
            together = getattr(self, name)
            fits = together is None or 1 <= together <= MOST_REPLICAS
            require(fits, name, together, f"from 1 to {MOST_REPLICAS}")
        rates = self.learning_rates()
        wanted = "a number > 0, or a list of them"
        require(len(rates) > 0, "learning_rate", rates, wanted)
        for rate in rates:
            number = isinstance(rate, int | float) and not isinstance(rate, bool)
            positive = number and 0 < rate < 1e300  # isfinite() cannot take any whole number
            require(positive, "learning_rate", rate, wanted)
        self._require_choices()

    def _require_choices(self) -> None:
        """Check `scale` and `model` against the page's `at` and `models`."""
        scales = [name for name, sizes in self.at.items() if isinstance(sizes, dict)]
        scales = scales or [str(Scale.quick)]
        listed = ", ".join(scales)
        require(self.scale in scales, "scale", self.scale, f"one that its page has: {listed}")
        names = f"one of {', '.join(self.models)}" if self.models else "left out: its page has none"
        require(self.model in (self.models or [""]), "model", self.model, names)

    def learning_rates(self) -> list[float]:
        """Return the rates of the replica table, in the order given."""
        rate = self.learning_rate
        return list(rate) if isinstance(rate, list | tuple) else [rate]

    def block_size(self, device: str) -> int:
        """Return how many replicas make a block on cpu, cuda or mps.

        It follows from the config alone, so that the keys do not depend on a GPU's memory.
        """
        return self.replicas or (MOST_REPLICAS if device == "cuda" else self.cpu_replicas)

    def experiment(self) -> Experiment:
        """Return the scientific part alone."""
        return Experiment(**{each.name: getattr(self, each.name) for each in fields(Experiment)})


def sized(config: Config, examples: int) -> Config:
    """Return `config` with train_size=0 as what it means: all `examples` of the training split."""
    return config if config.train_size else replace(config, train_size=examples)


def plain(value: Any) -> Any:
    """Return a config as JSON types: dicts, lists, strings, numbers."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
