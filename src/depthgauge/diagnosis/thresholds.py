"""Where a verdict begins: every number that a rule compares with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Starting values, in one place so that a comparison can name and change them."""

    weak: float = 1.0
    """Decades over the whole depth from which a loss (or growth) of signal is reported. Healthy
    nets stay within 0.5 at initialization and reach 0.93 in training."""
    vanishes: float = 2.0
    """Decades from which it is a fault: a first layer that learns 100 times more slowly.
    Nielsen's net of four hidden layers, which hardly trains, loses 2.75."""
    saturated: float = 0.5
    """Share of (example, unit) beyond the steep part of the activation: more than half."""
    dead: float = 0.5
    """Share of a layer's units that no example activates (SageMaker Debugger's share)."""
    partly_dead: float = 0.2
    """Share from which dead units are noted without being a fault."""
    dead_examples: int = 1000
    """Examples before units count as dead: no activity in n bounds a rate by 3 / n."""
    alike: float = 1e-3
    """Sameness below which examples look the same to a layer: healthy 0.04-0.99, collapsed 1e-4."""
    input_alike: float = 0.05
    """The inputs' own sameness that makes `alike` a fault of the network and not of the data."""
    symmetric: float = 0.99
    """Mean |cos| between units' weights from which they compute the same."""
    step_too_small: float = 1e-6
    """Update over weights, below which a step changes nothing: near float32's resolution, 1e-7."""
    step_too_large: float = 0.3
    """Update over weights, above which a step rewrites the layer; healthy steps are about 1e-3."""
    uneven_step: float = 100.0
    """Ratio of the largest to the smallest update ratio from which single layers are judged."""
    forgets: float = 2.0
    """Decades that the signal loses over the time steps of one sequence."""
    flat: float = 0.02
    """Relative fall of the loss below which training counts as standing still."""
    flat_steps: int = 100
    """Steps before a loss can be called flat."""
    flat_looks: int = 8
    """Looks before a loss can be called flat."""
    window: int = 8
    """Looks that an interval over batches needs, and that a value is the mean of."""
    lasting_steps: int = 2
    """Different steps at which a finding must have held in a row: zero-initialized output layers
    give no signal at step 0 and heal at step 1."""
    seeds: int = 3
    """Runs that an interval over initializations needs."""
    confidence: float = 0.95
    """Of every interval."""


DEFAULT = Thresholds()
