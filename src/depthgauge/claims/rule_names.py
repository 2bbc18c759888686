"""The rules by the names that entries of a register give them."""

from depthgauge.claims import curve_rule, number_rules, read_off_rule, rules
from depthgauge.claims.named import functions
from depthgauge.claims.rules import Rule

RULES = {
    name.partition(".")[2]: make
    for name, make in functions(number_rules, curve_rule, read_off_rule, rules).items()
    if make.__annotations__["return"] is Rule
}
"""Name -> the function that makes the rule; its parameters are the arguments of an entry."""
