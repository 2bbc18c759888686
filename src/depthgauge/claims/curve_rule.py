"""The rule for a published curve: it is like the curve of one more net of ours."""

import numpy as np

from depthgauge.claims.judgement import Judgement, UndecidableError, Verdict, judged
from depthgauge.claims.rules import Kind, Published, Rule
from depthgauge.claims.statistics import Values, prediction_factor

PUBLISHED_CURVE = "published curve"
"""The kind of rule, which a true curve misses by chance alone once in 20 times."""

FEWEST = 10
"""Fewer nets than this say too little about how far a net of ours strays from the others."""

PERCENTILE = 5


def published_curve() -> Rule:
    """Return the rule for a whole published curve of positive numbers.

    At each step the other nets give a prediction interval of the logarithm; a curve's share is that
    of the steps at which it is inside. Steps are far from independent, so what share is enough is
    read off our own nets, each judged by all others. Values are (seed, step).
    """

    def decide(values: Values, curve: Published) -> Judgement:
        assert isinstance(curve, tuple), "this rule judges a curve"
        if len(values) < FEWEST:
            raise UndecidableError(f"{len(values)} nets: a whole curve needs {FEWEST} or more")
        if (values <= 0).any():
            raise UndecidableError("a speed is not positive, so it has no logarithm")
        logs = np.log(values)
        ours = np.array([share(logs[i], np.delete(logs, i, axis=0)) for i in range(len(logs))])
        theirs = share(np.log(np.array(curve)), logs)
        least = float(np.percentile(ours, PERCENTILE))
        if least == 0:
            raise UndecidableError(
                "some of our nets lie outside the others' band at every step, so no curve can fail"
            )
        return judged(
            Verdict.holds if theirs >= least else Verdict.fails,
            f"the published curve lies inside at {theirs:.0%} of its steps; of our nets, left out"
            f" one by one, the {PERCENTILE}th percentile is {least:.0%}",
            (float(np.median(ours)), float(ours.min()), float(ours.max())),
        )

    text = (
        f"{PUBLISHED_CURVE}: the share of its steps inside the 95 % t prediction interval of the"
        f" logarithms is at least the {PERCENTILE}th percentile of the shares of our own nets, left"
        f" out one by one (measured: their median; interval: the least and the largest); {FEWEST}"
        " nets or more"
    )
    return Rule(text, decide, Kind.range, "published_curve", judges_number=True)


def share(curve: Values, others: Values) -> float:
    """Return the share of steps at which `curve`, (step,), lies where one more of `others` would.

    `others` is (seed, step); both are logarithms.
    """
    n = len(others)
    half = prediction_factor(n) * others.std(axis=0, ddof=1)
    return float((np.abs(curve - others.mean(axis=0)) <= half).mean())
