"""Integer codes of the activations and costs that have compiled loops; needs no Numba."""

from typing import NamedTuple

SIGMOID, TANH, SOFTSIGN, RELU = range(4)
CROSS_ENTROPY, NLL, QUADRATIC = range(3)

ACTIVATION_CODES = {"sigmoid": SIGMOID, "tanh": TANH, "softsign": SOFTSIGN, "relu": RELU}
COST_CODES = {"cross_entropy": CROSS_ENTROPY, "nll": NLL, "quadratic": QUADRATIC}


class Rule(NamedTuple):
    """The codes of a network's activation and cost."""

    activation: int
    cost: int
