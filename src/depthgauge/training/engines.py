"""Which of three engines trains an experiment's networks: a property of the experiment alone.

The engines agree to float32's rounding, not to the last digit, so the choice must not depend on how
many replicas there are.
"""

import sys
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec

from depthgauge.config import Experiment, Precision
from depthgauge.datasets.prepared import Prepared
from depthgauge.kernel.rule import ACTIVATION_CODES, COST_CODES, Rule
from depthgauge.training.engine import Engine, Setup
from depthgauge.training.torch_engine import TorchEngine

MakeEngine = Callable[[Setup], Engine]

WIDEST = 128
"""Widest hidden layer whose weights stay in the cache for many steps."""
DENSEST = 0.5
"""Share of pixels that are not 0 up to which it pays to skip the others; MNIST has 0.19."""
FEW = 64
"""Examples a mini-batch up to which the loops for wide networks beat matrix products."""


def choose_engine(experiment: Experiment, data: Prepared, device: str) -> MakeEngine:
    """Return the quickest engine to train the experiment's networks (bench/)."""
    if not _compilable(experiment, device) or not _has_loops(experiment) or not numba_there():
        return TorchEngine
    if max(experiment.hidden) <= WIDEST and _mostly_black(experiment, data):
        return narrow_engine(experiment)
    if experiment.batch_size <= FEW and experiment.batch_size < experiment.train_size:
        return wide_engine(experiment)
    return TorchEngine


def narrow_engine(experiment: Experiment) -> MakeEngine:
    """Return what keeps a narrow network in the cache, and skips pixels that are 0."""
    from depthgauge.training.narrow_engine import NarrowEngine

    return partial(NarrowEngine, rule=_rule(experiment))


def wide_engine(experiment: Experiment) -> MakeEngine:
    """Return what fetches each weight twice a step."""
    from depthgauge.training.wide_engine import WideEngine

    return partial(WideEngine, rule=_rule(experiment))


@cache
def numba_there() -> bool:
    """Return whether the loops can be compiled; where they cannot, say so once a process.

    A machine with a GPU may do without Numba: nothing is compiled for it.
    """
    there = find_spec("numba") is not None
    if not there:
        print(
            "depthgauge: Numba is not installed, so networks train by torch's matrix products, some"
            " three times slower on a processor; `pip install numba` if that matters",
            file=sys.stderr,
        )
    return there


def _compilable(experiment: Experiment, device: str) -> bool:
    return device == "cpu" and experiment.steps > 0 and experiment.precision is Precision.float32


def _has_loops(experiment: Experiment) -> bool:
    for key, codes in (("activation", ACTIVATION_CODES), ("cost", COST_CODES)):
        name = getattr(experiment, key)
        if name not in codes:
            _report_no_loops(f"{key}={name}")
            return False
    return True


@cache
def _report_no_loops(word: str) -> None:
    print(
        f"depthgauge: {word} has no compiled loop, so networks train by torch's matrix products",
        file=sys.stderr,
    )


def _mostly_black(experiment: Experiment, data: Prepared) -> bool:
    from depthgauge.kernel.sparse import density

    black_is_zero = not experiment.dataset.stream and not experiment.dataset.subtract
    return black_is_zero and density(data.train.images[: experiment.train_size]) <= DENSEST


def _rule(experiment: Experiment) -> Rule:
    return Rule(ACTIVATION_CODES[experiment.activation], COST_CODES[experiment.cost])
