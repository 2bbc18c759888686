"""The rules by the names that entries of a register give them."""

from collections.abc import Callable

from depthgauge.claims import number_rules, rules
from depthgauge.claims.curve_rule import published_curve
from depthgauge.claims.read_off_rule import read_off
from depthgauge.claims.rules import Rule

RULES: dict[str, Callable[..., Rule]] = {
    make.__name__: make
    for make in (
        number_rules.published_number,
        number_rules.published_numbers,
        number_rules.about,
        published_curve,
        read_off,
        rules.predicted,
        rules.always,
        rules.mostly,
        rules.much,
        rules.alike,
        rules.apart,
        rules.roughly,
        rules.between,
        rules.close,
        rules.constant,
        rules.ordering,
        rules.not_significant,
        rules.never_above_one,
    )
}
"""Name -> how to make the rule, whose parameters are the arguments that an entry gives."""
