"""Whoever has claims.json alone can judge again: every rule, written a second time in numpy.

Critical values come from the beta density, not from the code under test.
"""

import json
from math import inf, log, sqrt
from pathlib import Path

import numpy as np
import pytest
import remedies_records
from glorot_signal_records import records as signal_records
from nielsen_records import CONTRARY, PUBLISHED, records
from test_independent_check import f_limit
from theory_records import FALSE, TRUE
from theory_records import records as theory_records

from depthgauge.claims.judging import judge
from depthgauge.claims.rule_names import RULES
from depthgauge.studies.registry import CLAIMS


def interval(x, more=0.0):
    half = sqrt(f_limit(1, len(x) - 1) * (1 / len(x) + more)) * x.std(ddof=1)
    return x.mean() - half, x.mean() + half


def inside(found, low, high):
    """holds, fails or inconclusive of an interval against a region."""
    if low < found[0] and found[1] < high:
        return "holds"
    return "fails" if found[1] < low or high < found[0] else "inconclusive"


def factor(x, low, high):
    return inside(interval(np.log(x)), log(low) if low else -inf, log(high))


def share(x, least):
    n, p, z = len(x), x.mean(), 1.959964
    centre, half = p + z**2 / (2 * n), z * sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    scale = 1 + z**2 / n
    return inside(((centre - half) / scale, min((centre + half) / scale, 1 - 1e-12)), least, inf)


def difference(x, paired):
    if paired:
        return interval(x)
    parts = x.var(axis=0, ddof=1) / len(x)
    degrees = parts.sum() ** 2 / (parts**2).sum() * (len(x) - 1)
    half, mean = sqrt(f_limit(1, degrees) * parts.sum()), x[:, 0].mean() - x[:, 1].mean()
    return mean - half, mean + half


def one_more_run(x, published, scale, fewest, width=inf):
    scales = {"linear": lambda v: v, "log": np.log, "logit": lambda v: 2 * np.arctanh(v / 50 - 1)}
    ends = interval(scales[scale](x), more=1.0)
    back = {"linear": lambda v: v, "log": np.exp, "logit": lambda v: 50 * (1 + np.tanh(v / 2))}
    low, high = back[scale](np.array(ends))
    half = sqrt(high / low) if scale == "log" else (high - low) / 2
    if len(x) < fewest or half > width:
        return "inconclusive"
    return "holds" if low <= published <= high else "fails"


def together(x, published):
    """The published net's rank among nets left out one by one, by Mahalanobis' distance."""
    logs, target = np.log(x), np.log(published)

    def distance(one, others):
        gap = one - others.mean(axis=0)
        return gap @ np.linalg.inv(np.cov(others.T) * (1 + 1 / len(others))) @ gap

    ours = [distance(logs[i], np.delete(logs, i, axis=0)) for i in range(len(logs))]
    return "holds" if distance(target, logs) <= np.quantile(ours, 0.95) else "fails"


def curve(x, published):
    def part(one, others):
        ends = [interval(at, more=1.0) for at in others.T]
        return np.mean([low <= v <= high for v, (low, high) in zip(one, ends, strict=True)])

    logs = np.log(x)
    ours = [part(logs[i], np.delete(logs, i, axis=0)) for i in range(len(logs))]
    least = np.percentile(ours, 5)
    return "holds" if part(np.log(published), logs) >= least else "fails"


def readings(ours, published, part, digit=0.0):
    ends = zip(ours.T, published, strict=True)
    found = [factor(x, (p - digit / 2) / (1 + part), (p + digit / 2) * (1 + part)) for x, p in ends]
    if "fails" in found:
        return "fails"
    return "holds" if set(found) == {"holds"} else "inconclusive"


def single_runs(x, published):
    total = x.var(axis=0, ddof=1)
    degrees = total.sum() ** 2 / (total**2 / (len(x) - 1)).sum()
    draws = np.random.default_rng(1).chisquare(degrees, 400_000)
    ends = 1.959964 * np.sqrt(total.sum() * degrees / np.quantile(draws, [0.975, 0.025]))
    return inside(ends, published, inf)


JUDGES = {
    "published_number": lambda x, p, a: one_more_run(x, p, **a),
    "published_numbers": lambda x, p, a: together(x, p),
    "published_curve": lambda x, p, a: curve(x, p),
    "always": lambda x, p, a: share(x, 0.9 if len(x) >= 100 else 0.7),
    "mostly": lambda x, p, a: share(x, 0.5),
    "much": lambda x, p, a: factor(x, 2, inf),
    "alike": lambda x, p, a: factor(x, 0, 1.5),
    "apart": lambda x, p, a: factor(x, 1.5, inf),
    "about": lambda x, p, a: inside(interval(x), p * (1 - a["margin"]), p * (1 + a["margin"])),
    "read_off": lambda x, p, a: readings(x, p, **a),
    "roughly": lambda x, p, a: factor(x, a["target"] / 2, a["target"] * 2),
    "between": lambda x, p, a: factor(x, a.get("low", 0), a.get("high", inf)),
    "predicted": lambda x, p, a: factor(x, 1 - a["margin"], 1 + a["margin"]),
    "close": lambda x, p, a: inside(difference(x, a["paired"]), -a["margin"], a["margin"]),
    "ordering": lambda x, p, a: inside(difference(x, a["paired"]), 0, inf),
    "not_significant": lambda x, p, a: single_runs(x, p),
    "constant": lambda x, p, a: "holds" if (abs(x - p) <= a["half"]).all() else "fails",
    "never_above_one": lambda x, p, a: "holds" if (x <= 1).all() else "fails",
}
"""Name of the rule -> the verdict of the values of seeds, the published number, the arguments."""


def again(verdict):
    """The verdict, from what claims.json holds and nothing else."""
    values = np.array(verdict["values"], dtype=float)
    if len(values) == 1:  # one for all seeds
        values = np.repeat(values, verdict["n"], axis=0)
    published = verdict["published_values"] or verdict["published"]
    return JUDGES[verdict["rule_name"]](values, published, verdict["rule_arguments"])


COMMITTED = Path(__file__).parents[2] / "results/claims.json"

WORLDS = {
    "as published": (
        records(PUBLISHED, 40),
        theory_records(TRUE, 40),
        remedies_records.records(remedies_records.HELPED, 12),
        signal_records(True, 12),
    ),
    "contrary": (
        records(CONTRARY, 40),
        theory_records(FALSE, 40),
        remedies_records.records(remedies_records.USELESS, 12),
        signal_records(False, 12),
    ),
}


@pytest.fixture(scope="module")
def written():
    """All verdicts on synthetic records, as they are read back from JSON."""
    found = []
    for parts in WORLDS.values():
        for part in parts:
            claims = [each for each in CLAIMS if each.study in part]
            found += json.loads(json.dumps(judge(part, claims)))
    return [each for each in found if each["measured"] is not None]


@pytest.mark.parametrize("rule", JUDGES)
def test_an_independent_judge_comes_to_the_same_verdicts(written, rule):
    """At least two claims of each rule; those that hold and those that fail."""
    mine = [each for each in written if each["rule_name"] == rule and not shortened(each)]
    assert len(mine) >= 2 or sum(each.rule.name == rule for each in CLAIMS) == 1
    for verdict in mine:
        assert again(verdict) == verdict["verdict"], verdict["id"]


def test_every_rule_is_written_a_second_time():
    """A rule that is added needs its second judge."""
    assert set(JUDGES) == set(RULES)


def shortened(verdict):
    used, _ = verdict["updates"]
    return used is not None and used < verdict["updates_needed"]


@pytest.mark.parametrize(
    ("d1", "d2", "table"),
    [(1, 2, 4.3027**2), (1, 9, 2.2622**2), (1, 39, 2.0227**2), (4, 10, 3.478)],
)
def test_the_independent_critical_values_are_those_of_the_tables(d1, d2, table):
    """Student's t squared at 2, 9 and 39 degrees of freedom, and F(4, 10)."""
    assert f_limit(d1, d2) == pytest.approx(table, rel=2e-4)


def test_the_committed_verdicts_are_judged_again_from_their_file_alone():
    """Each that its rule decided; the rest were too short, or say another doubt."""
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    decided = [each for each in committed if each["values"] and by_its_rule(each)]
    assert len(decided) > 150
    assert len({each["rule_name"] for each in decided}) >= 15
    for verdict in decided:
        assert again(verdict) == verdict["verdict"], verdict["id"]


def by_its_rule(verdict):
    """Whether nothing but the numbers of the seeds decided it."""
    return verdict["verdict"] != "inconclusive" or verdict["reason"].startswith(
        ("the interval reaches across", "standard deviation")
    )


def test_verdicts_of_every_kind_were_judged_again(written):
    """Both a number and a sentence, mathematics, and a finding, that hold and that fail."""
    seen = {(each["nature"], each["verdict"]) for each in written if each["rule_name"] in JUDGES}
    natures = ("number", "sentence", "mathematics", "finding")
    assert {(n, v) for n in natures for v in ("holds", "fails")} <= seen
