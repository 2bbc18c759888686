"""What one look at a training step records: plain numbers, no tensors.

Signal of a site: 1/2 log10 of the mean over examples of |delta|^2, where delta is the derivative of
one example's loss with respect to the site's output, summed over its units and positions. One
"decade" is a factor of ten. The loss is taken for a mean over the batch, and its delta multiplied
by the number of examples, unless its last reduction is a sum. What else the loss is divided by, as
for accumulation or by the positions of a sequence, moves all signals alike and no difference.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a site is."""

    linear = "linear"
    convolution = "convolution"
    embedding = "embedding"
    recurrent = "recurrent"
    attention = "attention"
    normalization = "normalization"
    block = "block"


@dataclass(frozen=True)
class Parts:
    """Why the signal changes between a site and the next one toward the loss, in decades.

    They add up to log10(|delta| here / |delta| at the next site). None: not split, as where the
    function between the sites is not known.
    """

    weights: float | None = None
    """1/2 log10(|W|_F^2 / n_out) of the next site's weights."""
    slopes: float | None = None
    """1/2 log10 of the mean f'(z)^2 of the activation between them."""
    normalization: float | None = None
    """1/2 log10 of the mean gamma^2 / sigma^2 (1 - 2 / n) of a normalization layer between them."""
    residual: float | None = None
    """1/2 log10(1 + g) of a residual block."""
    alignment: float | None = None
    """The rest: how deltas lie toward the weights' singular vectors, and correlations."""


@dataclass(frozen=True)
class Site:
    """One output of one module in one look; None where a quantity does not apply or is unknown."""

    name: str
    """The module's name in the network; "net.3 (call 2)" for the second call of a shared module."""
    kind: Kind
    depth: int
    """Sites on the longest path from here to the loss; 0 for the output site."""
    role: str
    """The same at the same place of repeated blocks ("layers.*.attention"); else the name."""
    units: int
    """Units of the output: features, or channels of a convolution."""
    module: str = ""
    """The module's class and size: "Linear 64→10"."""
    output: bool = False
    """Whether the loss reads this site directly: left out of totals and slopes."""
    frozen: bool = False
    """Whether its output carries no gradient."""
    signal: float | None = None
    """Decades; -inf for an exact zero, NaN where a delta is not finite."""
    activation: str | None = None
    """The function that follows ("tanh", "relu", ...); None where more than it lies in between."""
    fan_in: int | None = None
    """Inputs that a unit sums: features, or channels x kernel of a convolution (by groups)."""
    weight_variance: float | None = None
    """Mean of the squared weights, |W|_F^2 / (n_out fan_in), before this step's update."""
    bias_variance: float | None = None
    """Mean of the squared biases; 0 without any."""
    rms: float | None = None
    """Root mean square of the output z."""
    parts: Parts | None = None
    saturated: float | None = None
    """Share of (example, unit) where |f'(z)| < 0.1 sup |f'|; for functions flat at both ends."""
    dead: float | None = None
    """Share of units where f'(z) was 0 for every example seen so far."""
    dead_examples: int = 0
    """Examples seen so far for `dead`: no activity in n of them bounds the rate by 3 / n."""
    sameness: float | None = None
    """1 - |mean a|^2 / mean |a|^2 over examples: near 0 where all examples look alike."""
    symmetry: float | None = None
    """Mean |cos| between rows of W; 1 where the units compute the same."""
    update_ratio: float | None = None
    """|W after - W before| / |W before| over the optimizer's step; None where none was taken."""
    time_signal: tuple[float, ...] | None = None
    """For recurrent modules: signal at the input of each time step, first step first."""

    @property
    def label(self) -> str:
        """The name, with the module where that is a mere number: "net.2 (Linear 64→10)"."""
        mere = re.search(r"(^|\.)\d+( \(call \d+\))?$", self.name)
        return f"{self.name} ({self.module})" if mere and self.module else self.name


ONE_PASS = "steps with one backward pass"
"""Names their profile where other steps of the training have several."""


@dataclass(frozen=True)
class Look:
    """One instrumented training step."""

    step: int
    """Optimizer steps before it."""
    loss: float
    examples: int
    sites: tuple[Site, ...]
    """Input side first."""
    input_sameness: float | None = None
    profile: str = ""
    """Which backward pass, where a step has several ("optimizer 0, backward 1")."""
    problem: str | None = None
    """Why the look could not be taken; then `sites` is empty."""
    guessing: float | None = None
    """The loss over that of the best constant answer: 1 is no better than guessing."""
    applied_twice: str | None = None
    """"softmax" or "sigmoid" where the outputs went through it before a loss that applies it."""
