"""What chance alone does to the verdicts: true published numbers that fall outside."""

from collections.abc import Mapping, Sequence
from typing import Any

from depthgauge.claims.curve_rule import PUBLISHED_CURVE
from depthgauge.claims.number_rules import PUBLISHED_NUMBER
from depthgauge.claims.statistics import CONFIDENCE


def chance_statement(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Say how many of the published numbers judged would fall outside by chance, and how many do.

    The expected number is exact for dependent numbers too. Their spread is not that of independent
    ones: numbers of one network share its seeds here and were one draw there.
    """
    numbers = [
        each["verdict"]
        for each in verdicts
        if each["rule"].startswith((PUBLISHED_NUMBER, PUBLISHED_CURVE))
        and each["verdict"] != "inconclusive"
    ]
    if not numbers:
        return "No published number could be judged yet."
    expected = len(numbers) * (1 - CONFIDENCE)
    return (
        f"Of {len(numbers)} published numbers and curves judged against 95 % prediction intervals,"
        f" {expected:.2g} would fall outside by chance alone if all were true;"
        f" {numbers.count('fails')} did. They are not independent: numbers of one network come from"
        " the same seeds, so they tend to fall outside together."
    )
