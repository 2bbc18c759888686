"""The rule for readings off a figure: ours agree with them within the precision of the figure."""

import numpy as np

from depthgauge.claims.judgement import Judgement, UndecidableError, Verdict, judged
from depthgauge.claims.rules import Kind, Published, Rule
from depthgauge.claims.statistics import Values, geometric, t_interval


def read_off(part: float, digit: float = 0) -> Rule:
    """Return the rule for numbers read off a figure, all of one network, as one claim.

    Values are (seed, reading). A reading agrees where the interval of the geometric mean of ours
    over the published one lies within a factor of 1 + `part`, and disagrees where it lies outside.
    A reading is known to half of `digit`, a unit of its last digit: the factor is from there on.
    """

    def decide(values: Values, published: Published) -> Judgement:
        assert isinstance(published, tuple), "this rule judges several readings"
        read = np.array(published)
        ratios = values / read
        if (ratios <= 0).any():
            raise UndecidableError("a reading is not positive, so there is no ratio")
        found = [geometric(t_interval, each) for each in ratios.T]
        ends = np.array([(read - digit / 2) / (1 + part), (read + digit / 2) * (1 + part)]) / read
        apart = [
            low > most or high < least
            for (_, low, high), (least, most) in zip(found, ends.T, strict=True)
        ]
        inside = [
            least < low and high < most
            for (_, low, high), (least, most) in zip(found, ends.T, strict=True)
        ]
        verdict = Verdict.fails if any(apart) else Verdict.holds
        if not (any(apart) or all(inside)):
            verdict = Verdict.inconclusive
        furthest = max(found, key=lambda each: abs(np.log(each[0])))
        reason = f"{sum(inside)} of {len(found)} readings agree, {sum(apart)} do not"
        return judged(verdict, reason, furthest)

    known = f", known to half of {digit:g}," if digit else ""
    return Rule(
        f"read off: the 95 % t interval of the geometric mean of ours over the reading{known} lies"
        f" within a factor of {1 + part:g} for every reading (measured: the furthest)",
        decide,
        Kind.geometric_mean,
        "read_off",
        {"part": part} | ({"digit": digit} if digit else {}),
        judges_number=True,
        at=lambda times: read_off(part * times, digit),
    )
