"""The rules by the names that entries of a register give them."""

from collections.abc import Callable

from depthgauge.claims import rules
from depthgauge.claims.curve_rule import published_curve
from depthgauge.claims.read_off_rule import read_off
from depthgauge.claims.rules import Rule

RULES: dict[str, Callable[..., Rule]] = {
    "published_number": rules.published_number,
    "published_curve": published_curve,
    "predicted": lambda: rules.PREDICTED,
    "always": lambda: rules.ALWAYS,
    "mostly": lambda: rules.MOSTLY,
    "much": lambda: rules.MUCH,
    "not_much": lambda: rules.NOT_MUCH,
    "alike": lambda: rules.ALIKE,
    "apart": lambda: rules.APART,
    "roughly": rules.roughly,
    "between": rules.factor_between,
    "close": rules.close,
    "as_printed": rules.as_printed,
    "read_off": read_off,
    "constant": rules.printed,
    "ordering": lambda: rules.ORDERING,
    "not_significant": lambda: rules.NOT_SIGNIFICANT,
    "never_above_one": lambda: rules.NEVER_ABOVE_ONE,
}
"""Name -> how to make the rule, whose parameters are the arguments that an entry gives."""
