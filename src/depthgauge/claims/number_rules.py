"""The rules for published numbers: each is like one more run of ours, or none of ours is like it.

An interval so wide that any number would lie inside it decides nothing, nor do too few runs.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from depthgauge.claims.judgement import Judgement, UndecidableError, Verdict, against, judged
from depthgauge.claims.rules import Kind, Published, Rule, one_number
from depthgauge.claims.statistics import (
    CONFIDENCE,
    Values,
    prediction_distance,
    t_interval,
    t_prediction_interval,
)

PUBLISHED_NUMBER = "published number"
"""The kind of rule that a true claim misses by chance alone, once in 20 times."""


class Scale(NamedTuple):
    """On which scale runs are normal, and the words and the kind that belong to it."""

    forward: Callable[[Values], Values]
    back: Callable[[Values], Values]
    kind: Kind
    words: str


SCALES = {
    "linear": Scale(lambda x: x, lambda x: x, Kind.prediction, ""),
    "log": Scale(np.log, np.exp, Kind.geometric_prediction, " of the logarithms"),
    "logit": Scale(
        lambda percent: special.logit(percent / 100),
        lambda logit: 100 * special.expit(logit),
        Kind.logit_prediction,
        " of the log odds",
    ),
}
"""Norms and ratios spread by factors; of a percentage the log odds have no ends."""


def published_number(scale: str = "linear", fewest: int = 5, width: float = math.inf) -> Rule:
    """Return the rule for one published number: it is like one more run of ours.

    Fewer than `fewest` runs, or an interval whose half is above `width`, decide nothing. On a log
    scale the half is a factor. Unit: that of the claim.
    """
    forward, back, kind, words = SCALES[scale]

    def decide(values: Values, published: Published) -> Judgement:
        number = one_number(published)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = forward(np.append(values, number))
        if not np.isfinite(scaled).all():
            raise UndecidableError(f"a number has no place on the {scale} scale")
        *ours, target = scaled
        mean, low, high = t_prediction_interval(np.array(ours))
        estimate, bottom, top = map(float, back(np.array([mean, low, high])))
        spread = float(np.std(ours, ddof=1))
        error = spread * math.sqrt(1 + 1 / len(values))
        z = float((target - mean) / error) if error > 0 else None
        half = math.sqrt(top / bottom) if scale == "log" else (top - bottom) / 2
        spread_text = f"standard deviation {_deviation(spread, scale, values)}"
        found = estimate, bottom, top
        if len(values) < fewest:
            return judged(
                Verdict.inconclusive, f"{spread_text}; {fewest} runs are needed", found, z
            )
        if half > width:
            wide = f"the interval is too wide: its half-width is {half:.3g}, above {width:g}"
            reason = f"{spread_text}; {wide}"
            return judged(Verdict.inconclusive, reason, found, z)
        inside = low <= target <= high
        where = "inside" if inside else "outside"
        reason = f"{spread_text}; {number:g} lies {where} the prediction interval"
        return judged(Verdict.holds if inside else Verdict.fails, reason, found, z)

    at_least = f", {fewest} runs or more" if fewest > 2 else ""
    narrow = f", half of which is at most {width:g}" if math.isfinite(width) else ""
    factor = " (a factor)" if narrow and scale == "log" else ""
    return Rule(
        f"{PUBLISHED_NUMBER}: inside the 95 % t prediction interval{words} for one more"
        f" run{narrow}{factor}{at_least}",
        decide,
        kind,
        "published_number",
        {"scale": scale, "fewest": fewest} | ({"width": width} if math.isfinite(width) else {}),
        judges_number=True,
    )


def _deviation(spread: float, scale: str, values: Values) -> str:
    """Say the spread of the runs: as a factor on a log scale, else in the claim's unit."""
    if scale == "log":
        return f"a factor of {math.exp(spread):.3g}"
    return f"{float(values.std(ddof=1)):.3g}"


def published_numbers() -> Rule:
    """Return the rule for several numbers of one network, on a log scale: one joint test.

    Hotelling's prediction T^2. Values are (seed, reading). At most five readings, and five nets for
    each. Source: Johnson and Wichern, Applied Multivariate Statistical Analysis, section 5.4.
    """

    def decide(values: Values, published: Published) -> Judgement:
        assert isinstance(published, tuple) and len(published) == values.shape[1] <= 5
        n, p = values.shape
        if n < 5 * p:
            raise UndecidableError(f"{n} nets: {p} readings of a net need {5 * p} or more")
        if (values <= 0).any():
            raise UndecidableError("a norm or ratio is not positive, so it has no logarithm")
        distance = prediction_distance(np.log(values), np.log(np.array(published)))
        limit = p * (n - 1) / (n - p) * float(stats.f.ppf(CONFIDENCE, p, n - p))
        chance = float(stats.f.sf(distance * (n - p) / (p * (n - 1)), p, n - p))
        return judged(
            Verdict.holds if distance <= limit else Verdict.fails,
            f"of networks like ours a share of p = {chance:.2g} would be as far off or farther",
            (distance, 0.0, limit),
        )

    return Rule(
        f"{PUBLISHED_NUMBER}s: the readings of one net together, Hotelling's prediction T² of the"
        " logarithms at 95 % (measured: T²; interval: up to the largest T² inside)",
        decide,
        Kind.joint,
        "published_numbers",
        judges_number=True,
    )


def about(margin: float) -> Rule:
    """Return the rule for "around" a number: our mean lies within `margin`, a part of it."""

    def decide(values: Values, published: Published) -> Judgement:
        number = one_number(published)
        return against(t_interval(values), number * (1 - margin), number * (1 + margin))

    return Rule(
        f"about: the 95 % t interval of the mean lies within {100 * margin:g} % of the published"
        " number",
        decide,
        Kind.mean,
        "about",
        {"margin": margin},
        judges_number=True,
        at=lambda times: about(margin * times),
    )
