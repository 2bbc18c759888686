"""Claims of Glorot and Bengio, section 5: step sizes from curvature, with both initializations."""

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.glorot_error import UPDATES, unlike_the_paper
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.rules import ordering
from depthgauge.claims.statistics import Values

NAMES = {
    "tanh": "Tanh",
    "tanh_hessian": "Tanh with step sizes from the Hessian's diagonal",
    "tanh_variance": "Tanh with step sizes from the gradients' variance",
    "tanh_n": "Tanh N",
    "tanh_n_hessian": "Tanh N with step sizes from the Hessian's diagonal",
    "tanh_n_variance": "Tanh N with step sizes from the gradients' variance",
}
"""Models of the study; N stands for the normalized initialization."""

_GAIN = '"We observed a gain in performance"'
_SHORT = '"but not reaching the result obtained from normalized initialization"'
_FURTHER = '"further gains by combining normalized initialization with second order methods"'


def _difference(cells: Cells) -> Values:
    """Test error of the first cell minus that of the second, seed by seed."""
    first, second = (final_test_error(cell) for cell in cells)
    return first - second


def _order(id: str, quote: str, worse: str, better: str) -> Claim:
    return Claim(
        id=f"glorot.second_order.{id}",
        source=f"Glorot and Bengio 2010, section 5: {quote}",
        statement=f"Shapeset-3x2: {NAMES[worse]} ends with a larger test error than"
        f" {NAMES[better]}, after equal updates",
        study="glorot_second_order",
        cells=({"model": worse}, {"model": better}),
        estimate=_difference,
        rule=ordering(),
        unit="percentage points",
        figure="glorot_second_order",
        updates=UPDATES,
        dataset="shapeset",
        select=at_chosen_rate,
        doubt=unlike_the_paper,
        convergence=validation_converged,
    )


CLAIMS = tuple(
    claim
    for method in ("hessian", "variance")
    for claim in (
        _order(f"{method}.gains", _GAIN, "tanh", f"tanh_{method}"),
        _order(f"{method}.short_of_normalized", _SHORT, f"tanh_{method}", "tanh_n"),
        _order(f"{method}.adds_to_normalized", _FURTHER, "tanh_n", f"tanh_n_{method}"),
    )
)
