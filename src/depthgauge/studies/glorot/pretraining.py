"""Glorot and Bengio's nets that are pre-trained without labels."""

from depthgauge.claims.claim import Cells
from depthgauge.claims.rates import final_test_error
from depthgauge.claims.readings import flags, series
from depthgauge.claims.statistics import Values

SATURATED = 0.1
"""A sigmoid layer is saturated at 0 where its mean activation on the test examples is below."""


def _top(cells: Cells) -> Values:
    """Mean activation of the last hidden layer of the first cell, (seed, step)."""
    return series(cells[0], "activation_mean", "activation_step", "layer")[..., -2]


def never_saturates(cells: Cells) -> Values:
    """1 where the top hidden layer of the first cell is above SATURATED at every recorded step."""
    top = _top(cells)
    return flags(top > SATURATED, top)


def others_saturated(cells: Cells) -> str:
    """A shorter run decides once the nets without pre-training have saturated: it happens early."""
    lowest = _top(cells[1:]).min(axis=1)
    free = int((lowest > SATURATED).sum())
    return f"{free} of {len(lowest)} nets without pre-training had not saturated" if free else ""


def gain(cells: Cells) -> Values:
    """Test error of the second cell, not pre-trained, minus that of the first, seed by seed."""
    pretrained, plain = (final_test_error(cell) for cell in cells)
    return plain - pretrained
