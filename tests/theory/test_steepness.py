"""Where |w sigma'(w a + b)| >= 1, against a grid search over a."""

import numpy as np
import pytest

from depthgauge.errors import ConfigError
from depthgauge.theory import find_activation, steep_interval, steep_width, widest_steepness


@pytest.mark.parametrize(("weight", "bias"), [(4.5, 0.3), (6.9, -2.0), (-6.9, 1.0), (100.0, 7.0)])
def test_interval_is_where_the_factor_reaches_one(weight, bias):
    """A fine grid finds |w sigma'| >= 1 exactly between the two ends (eq. 123)."""
    low, high = steep_interval(weight, bias)
    a = np.linspace(-bias / weight - 1, -bias / weight + 1, 400_001)
    inside = a[np.abs(weight * find_activation("sigmoid").slope(weight * a + bias)) >= 1]
    np.testing.assert_allclose([inside.min(), inside.max()], [low, high], atol=1e-5)
    assert high - low == pytest.approx(float(steep_width(weight)))


def test_no_weight_below_four_is_steep():
    """|w sigma'| >= 1 needs |w| >= 4; at 4 the interval is one point."""
    np.testing.assert_array_equal(steep_width([-3.99, 0, 1, 4, -4]), 0)
    assert steep_interval(3.99, 0.0) is None
    assert steep_interval(4.0, -2.0) == (0.5, 0.5)


def test_widest_is_045_at_69():
    """The published maximum, and no weight of a fine grid does better."""
    weight, width = widest_steepness()
    assert weight == pytest.approx(6.9, abs=0.05)
    assert width == pytest.approx(0.45, abs=0.005)
    grid = np.linspace(4, 1000, 1_000_001)
    assert steep_width(grid).max() <= width + 1e-12
    assert grid[steep_width(grid).argmax()] == pytest.approx(weight, abs=1e-3)


def test_infinite_weights_are_refused():
    """A diverged weight gets a sentence, not a NaN."""
    with pytest.raises(ConfigError, match="weights must be finite"):
        steep_width([5, np.inf])
