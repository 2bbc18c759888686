"""Every claim can hold, and can fail, with the seeds and the length that its study declares."""

import re
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.nature import Nature
from depthgauge.claims.stored import needed
from depthgauge.studies.registry import CLAIMS

PAGES = Path(__file__).parents[2] / "conf" / "study"
DOCS = Path(__file__).parents[2] / "docs" / "claims.md"
SCALES = ("quick", "overnight", "paper")
LEVELS = (1, 0.001, 1000, 0.9, 1.1, 0.8, 1.2, 0.5, 1.6, 0.1, 2.5, 5, 10)
MOST = 2000
"""Seeds of a study of thousands that are enough here."""


def page(claim):
    return yaml.safe_load((PAGES / f"{claim.study}.yaml").read_text("utf-8"))["at"]


def seeds_and_steps(claim, at):
    """What all cells of a claim have at one scale; a study without steps trains nothing."""
    sizes = [cell.get("batch_size") for cell in claim.cells]
    return (
        min(at.get("seeds") or at[f"seeds_of_{size}"] for size in sizes),
        at.get("steps", 0),
    )


def candidates(claim, n):
    """Values of n seeds around many levels, of the shape that the claim's rule takes."""
    random = np.random.default_rng(0)
    if claim.rule.kind == "fraction":
        yield from (np.ones(n), np.zeros(n))
        return
    if isinstance(claim.published, tuple):
        shape, published = (n, len(claim.published)), np.array(claim.published)
    else:
        two = claim.rule.name == "not_significant" or not claim.rule.arguments.get("paired", True)
        shape, published = (n, 2) if two else (n,), claim.published or 1.0
    for level in LEVELS:
        for spread in (0.02, 0.2, 0.0):
            values = published * level * np.exp(spread * random.standard_normal(shape))
            yield values
            yield -values
            yield values * [0.9, 1] if shape == (n, 2) else values
            yield values * [1, 0.9] if shape == (n, 2) else values


def verdicts(claim, n):
    """Which of holds and fails the rule gives to some values of n seeds."""
    found = set()
    for values in candidates(claim, n):
        with np.errstate(all="ignore"), suppress(UndecidableError, np.linalg.LinAlgError):
            found.add(str(claim.rule.decide(values, claim.published).verdict))
        if {"holds", "fails"} <= found:
            break
    return found


@cache
def deciding_scale(claim):
    """The smallest scale with seeds enough for the rule, and steps enough for the sentence."""
    for scale in SCALES:
        if scale in page(claim):
            n, steps = seeds_and_steps(claim, page(claim)[scale])
            if steps >= needed(claim) and {"holds", "fails"} <= verdicts(claim, min(n, MOST)):
                return scale
    return None


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_can_hold_and_can_fail_at_some_scale(claim):
    """With enough seeds and enough steps at one and the same."""
    assert deciding_scale(claim)


def test_the_page_lists_what_each_scale_decides():
    """By the first two words of the ids of published numbers and sentences, and how many."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+ \| .*) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    found = {scale: Counter() for scale in SCALES}
    for claim in CLAIMS:
        if claim.nature in (Nature.number, Nature.sentence):
            found[deciding_scale(claim)][".".join(claim.id.split(".")[:2])] += 1
    assert dict(rows) == {
        scale: f"{names.total()} | {', '.join(f'{name} {names[name]}' for name in sorted(names))}"
        for scale, names in found.items()
    }
