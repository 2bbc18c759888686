"""What theory refuses before it computes."""

import pytest

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import at_least, finite


@pytest.mark.parametrize("values", ["four", [[1, 2], [3]], [None, 1j]])
def test_what_is_no_array_of_numbers_is_refused(values):
    """Words, ragged lists and complex numbers get a sentence with the quantity's name."""
    with pytest.raises(ConfigError, match="spectral norms must be numbers"):
        finite(values, "spectral norms")


def test_the_limit_itself_is_allowed():
    """At least 1 means 1 too, and the least value is named when it is lower."""
    assert at_least([1, 2], 1, "widths").tolist() == [1.0, 2.0]
    with pytest.raises(ConfigError, match="at least 1, and the least is 0"):
        at_least([0.5, 2], 1, "widths")
