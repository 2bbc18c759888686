"""What is measured during a training, when, and on how many images."""

from dataclasses import dataclass, field

from depthgauge.config.checks import require, require_least
from depthgauge.config.choices import Spacing


@dataclass
class Gradients:
    """The gradient norms: when they are measured, on which images, and in what detail."""

    every: int = 100
    """Steps between two records; 0 turns the callback off. The last state is always recorded."""
    spacing: Spacing = Spacing.linear
    """linear: steps 0, every, 2 every, ...; log: about `every` records a factor of ten."""
    images: int = 100
    """The probe set is this many training images, the first in the file."""
    per_neuron: bool = False
    """Record the averaged bias gradient of each neuron too, not its norm alone."""
    batch: bool = False
    """Record the gradient of the mini-batch itself, before the step that it drives."""
    window: int = 1
    """Steps (of those recorded) over which the mini-batch gradient vector is averaged."""
    signals: bool = False
    """Record the mean square of each layer's inputs too: the lengths of mean field."""

    def __post_init__(self) -> None:
        require_least("gradients.", self, every=0, images=1, window=1)


@dataclass
class Evaluation:
    """Cost and accuracy on whole splits."""

    every: int = 0
    """Steps between two evaluations; 0 evaluates nothing."""
    splits: list[str] = field(default_factory=lambda: ["validation"])
    images: int = 0
    """How many of each split, the first ones; 0: all of them."""

    def __post_init__(self) -> None:
        require_least("evaluation.", self, every=0, images=0)
        for split in self.splits:
            known = split in ("train", "validation", "test")
            require(known, "evaluation.splits", split, "train, validation or test")


@dataclass
class Bounds:
    """How close gradients come to what the weights alone allow: bound (**) and identity (*)."""

    every: int = 0
    """Records a factor of ten, or steps between two (see `spacing`); 0 turns the callback off."""
    spacing: Spacing = Spacing.log
    images: int = 100
    """The probe set is this many training images, the first in the file."""
    identities: int = 0
    """On how many of them identity (*) is checked, by a singular value decomposition each."""

    def __post_init__(self) -> None:
        require_least("bounds.", self, every=0, images=1)
        enough = 0 <= self.identities <= self.images
        require(enough, "bounds.identities", self.identities, f"from 0 to images ({self.images})")


@dataclass
class Look:
    """When an instrument measures, and on how many images."""

    every: int = 0
    """Steps between two records, as for `gradients`; 0 turns the instrument off."""
    spacing: Spacing = Spacing.log
    images: int = 300
    """How many of the split, the first ones. 300: Glorot and Bengio, section 3.1."""

    def __post_init__(self) -> None:
        require_least("", self, every=0, images=1)


@dataclass
class UserProbe(Look):
    """A measurement of a user's own, on the first training images (docs/own.md)."""

    function: str = ""
    """Import path of a function (user_code/probe.py); the record has it as user_NAME."""

    def __post_init__(self) -> None:
        super().__post_init__()
        found = self.every == 0 or "." in self.function
        wanted = "the import path of a function, as my_functions.dead_units"
        require(found, "probe.function", self.function, wanted)


@dataclass
class Signal(Look):
    """The spread of deltas and weight gradients, on the first training images."""

    histograms: int = 0
    """Images of which every weight gradient is counted in a histogram; 0: no histograms."""
    batch: int = 0
    """Size of the mini-batches whose sums are counted in histograms, too; 0: none. The
    weight gradients are those of the first `histograms` mini-batches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        full = self.batch == 0 or (self.batch > 0 and self.images % self.batch == 0)
        require(
            full and self.batch * self.histograms <= self.images,
            "signal.batch",
            self.batch,
            f"0, or a divisor of signal.images ({self.images}) with signal.histograms"
            f" ({self.histograms}) mini-batches among them",
        )
        require(
            0 <= self.histograms <= self.images,
            "signal.histograms",
            self.histograms,
            f"from 0 to signal.images ({self.images})",
        )
