"""The result of a diagnosis: verdicts with their evidence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from depthgauge.diagnosis import text
from depthgauge.diagnosis.readings import Look


class Finding(StrEnum):
    """The kinds of verdicts."""

    carries = "carries"
    weak = "weak"
    vanishes = "vanishes"
    grows = "grows"
    explodes = "explodes"
    saturated = "saturated"
    dead = "dead"
    partly_dead = "partly dead"
    alike = "alike"
    symmetric = "symmetric"
    step_too_small = "step too small"
    step_too_large = "step too large"
    forgets = "forgets"
    applied_twice = "applied twice"
    stands_still = "loss stands still"
    not_depth = "not a matter of depth"
    cannot_judge = "cannot be judged"


FAULTS = frozenset(Finding) - {
    Finding.carries,
    Finding.weak,
    Finding.grows,
    Finding.partly_dead,
    Finding.cannot_judge,
}
"""Findings for which `depthgauge diagnose` ends with exit code 1."""


class Cause(StrEnum):
    """Why the signal changes over depth: the largest part."""

    weights = "weights"
    slopes = "slopes"
    alignment = "alignment"
    normalization = "normalization"
    residual = "residual"
    unknown = "not split"


class Remedy(StrEnum):
    """What can be tried; `depthgauge.diagnosis.remedies` knows how, where it can be automated."""

    he_init = "He initialization"
    glorot_init = "Glorot initialization"
    orthogonal_init = "orthogonal initialization"
    lsuv_init = "LSUV initialization"
    other_activation = "another activation"
    layer_norm = "layer normalization"
    batch_norm = "batch normalization"
    residual = "residual connections"
    smaller_step = "a smaller learning rate"
    larger_step = "a larger learning rate"
    warmup = "learning rate warmup"
    per_layer_step = "a learning rate per layer"
    clipping = "gradient clipping"
    forget_bias = "a larger forget gate bias"
    standardize = "standardized inputs"
    raw_outputs = "removing the last softmax or sigmoid"


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, and what it is over."""

    low: float
    high: float
    over: str
    """"batches" (one training run) or "initializations" (several seeds)."""
    n: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One finding: where, how much, why, since when, by which rule, and what to try."""

    finding: Finding
    sites: tuple[str, ...] = ()
    value: float | None = None
    unit: str = ""
    interval: Interval | None = None
    theory: float | None = None
    """The same value as predicted from the initial weights and the activation, before any data."""
    cause: Cause | None = None
    rule: str
    """The rule that was applied, with its threshold."""
    since: int
    """The step since which it has lasted."""
    lasting: bool
    """Whether it held at every look since, and at least at two of them."""
    remedies: tuple[str, ...] = ()
    """Values of Remedy, the most promising first."""
    sentence: str
    """The verdict as a sentence."""


class Verdicts(tuple[Verdict, ...]):
    """Verdicts, which print as sentences."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return a paragraph for each verdict."""
        return text.verdicts_text(self)


class Outcome(StrEnum):
    """The result of trying a remedy."""

    helps = "helps"
    harms = "harms"
    unclear = "no clear effect"


MATERIAL = 0.01
"""Share of the loss below which a difference does not count, however certain it is."""


@dataclass(frozen=True)
class Trial:
    """What a remedy did on the same seeds."""

    remedy: str
    before: float
    """Loss after the trial's steps without the remedy: mean over seeds."""
    after: float
    effect: Interval
    """Of before - after, or of log10(before / after) if `decades`: above 0, the remedy helps."""
    steps: int
    note: str = ""
    decades: bool = False
    """Whether the effect is in decades, as for losses that explode."""

    @property
    def outcome(self) -> Outcome:
        """Whether the remedy helps: the whole interval is beyond 1 % of the loss."""
        least = math.log10(1 + MATERIAL) if self.decades else MATERIAL * abs(self.before)
        if self.effect.low > least:
            return Outcome.helps
        return Outcome.harms if self.effect.high < -least else Outcome.unclear


@dataclass(frozen=True)
class Diagnosis:
    """All looks at a network and what they mean."""

    looks: tuple[Look, ...]
    verdicts: tuple[Verdict, ...]
    """Any sequence of verdicts; held as `Verdicts`."""
    trials: tuple[Trial, ...] = ()
    network: str = ""
    """One line: the module's class and its number of parameters."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Provenance: versions, seeds, steps, device."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdicts", Verdicts(self.verdicts))

    def __str__(self) -> str:
        """Return the verdicts and trials as sentences."""
        return text.diagnosis_text(self)

    def as_json(self, indent: int | None = None) -> str:
        """Return everything as strict JSON; `depthgauge.diagnosis.serialize.from_json` reads it."""
        from depthgauge.diagnosis.serialize import to_json

        return to_json(self, indent)

    def page(self, path: str | Path) -> None:
        """Write one self-contained HTML page to `path`; raises ResourceError if it cannot."""
        from depthgauge.diagnosis.page import write_page

        write_page(self, path)

    def _repr_html_(self) -> str:
        """Return the page for a notebook."""
        from depthgauge.diagnosis.page import notebook_html

        return notebook_html(self)
