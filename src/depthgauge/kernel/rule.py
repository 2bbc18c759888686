"""What a compiled network computes, by number; nothing here needs Numba."""

from typing import NamedTuple

SIGMOID, TANH, SOFTSIGN, RELU = range(4)
CROSS_ENTROPY, NLL, QUADRATIC = range(3)

ACTIVATION_CODES = {"sigmoid": SIGMOID, "tanh": TANH, "softsign": SOFTSIGN, "relu": RELU}
COST_CODES = {"cross_entropy": CROSS_ENTROPY, "nll": NLL, "quadratic": QUADRATIC}


class Rule(NamedTuple):
    """What a network computes: codes of its activation and its cost."""

    activation: int
    cost: int
