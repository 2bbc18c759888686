"""From records and claims to verdicts. Whatever is missing leaves a claim open, with the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Claim
from depthgauge.claims.judgement import Judgement, UndecidableError, Verdict
from depthgauge.claims.rules import Published, Rule
from depthgauge.claims.statistics import Values
from depthgauge.claims.stored import Study, needed, shortest, stored
from depthgauge.errors import DataError
from depthgauge.untrusted import lookups_in

MOVED = {"half": 0.5, "double": 2.0}
"""What a threshold is multiplied with to see whether a verdict depends on it."""


def judge(records: Mapping[str, Study], claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """Return one verdict a claim, as plain JSON values; `records` are by study, in grid order."""
    return [_verdict(claim, records.get(claim.study, [])) for claim in claims]


def _verdict(claim: Claim, study: Study) -> dict[str, Any]:
    try:
        with lookups_in(f"a record of {claim.study}"):
            return stored(claim, *_held(claim, study))
    except DataError as reason:
        return stored(claim, [], [], 0, Judgement(Verdict.inconclusive, str(reason)))


def _held(claim: Claim, study: Study) -> tuple[Study, list[int], int, Judgement]:
    """Return the cells of a claim, the seeds that count, how many diverged, and the judgement."""
    matches = [[each for each in study if _is(each, claim.dataset, cell)] for cell in claim.cells]
    cells = [found[0] for found in matches if len(found) == 1]
    seeds, diverged = [], 0
    try:
        _require_cells(claim, study, matches)
        _, diverged = _seeds(cells)
        cells = [_one_replica_a_seed(claim.select(cell)) for cell in cells]
        seeds, diverged = _seeds(cells)
        judgement = _measure(claim, cells, seeds)
    except UndecidableError as reason:
        judgement = Judgement(Verdict.inconclusive, _beside_updates(claim, cells, str(reason)))
    return cells, seeds, diverged, judgement


def _measure(claim: Claim, cells: Study, seeds: list[int]) -> Judgement:
    """Judge the claim on the seeds that all its cells have; too short a run leaves it open."""
    if len(seeds) < 2:
        raise UndecidableError(f"{len(seeds)} usable seeds: an interval needs 2 or more")
    paired = [
        cell.isel(replica=np.searchsorted(cell["seed"], seeds))
        for cell in (cell.sortby("seed") for cell in cells)
    ]
    values = claim.estimate(paired)
    if not np.isfinite(values).all():
        raise UndecidableError("a seed that did not diverge gives no finite number")
    judgement = replace(decided(claim.rule, values, claim.published), values=values)
    if not np.isfinite([judgement.measured or 0.0, *(judgement.interval or ())]).all():
        raise UndecidableError("its numbers are too large for a mean or an interval")
    if reason := _shortfall(claim, paired):
        return replace(judgement, verdict=Verdict.inconclusive, reason=reason, sensitivity=None)
    return judgement


def decided(rule: Rule, values: Values, published: Published) -> Judgement:
    """Return the rule's judgement of the values of seeds, and what moves with its threshold."""
    try:
        judgement = rule.decide(values, published)
    except UndecidableError as reason:
        return Judgement(Verdict.inconclusive, str(reason))
    if rule.at is None or judgement.verdict == Verdict.inconclusive:
        return judgement
    moved = {
        word: rule.at(times).decide(values, published).verdict for word, times in MOVED.items()
    }
    opposite = Verdict.fails if judgement.verdict == Verdict.holds else Verdict.holds
    flips = [word for word, verdict in moved.items() if verdict == opposite]
    reason = judgement.reason
    if flips:
        reason += f"; depends on the threshold: at {' and '.join(flips)} of it, it {opposite}"
    return replace(judgement, sensitivity=moved, reason=reason)


def _shortfall(claim: Claim, cells: Study) -> str:
    """Return what the cells lack to decide the claim, "" when nothing."""
    doubt = claim.doubt(cells)
    if not _too_short(claim, cells):
        return doubt
    reasons = "; ".join(filter(None, (doubt, claim.convergence(cells))))
    return _beside_updates(claim, cells, reasons) if reasons else ""


def _too_short(claim: Claim, cells: Study) -> bool:
    used = shortest(cells)
    return used is not None and used < needed(claim)


def _beside_updates(claim: Claim, cells: Study, reason: str) -> str:
    """Return a reason, and how many updates the cells were trained for where these are too few."""
    if not _too_short(claim, cells):
        return reason
    return f"{shortest(cells)} of {needed(claim)} updates: {reason}"


def _require_cells(claim: Claim, study: Study, matches: list[Study]) -> None:
    """Raise UndecidableError unless each cell of the claim has exactly one record."""
    if not study:
        raise UndecidableError(f"not run: there is no record of {claim.study}")
    if not any(each.attrs["data"]["name"] == claim.dataset for each in study):
        raise UndecidableError(f"not fetched: no record of {claim.study} is on {claim.dataset}")
    for cell, found in zip(claim.cells, matches, strict=True):
        wanted = ", ".join(f"{key}={value}" for key, value in cell.items())
        if not found:
            raise UndecidableError(f"not run: {claim.study} has no cell with {wanted}")
        if len(found) > 1:
            raise UndecidableError(f"{len(found)} cells of {claim.study} have {wanted}")


def _one_replica_a_seed(cell: xr.Dataset) -> xr.Dataset:
    if len(np.unique(cell["seed"])) < cell.sizes["replica"]:
        raise UndecidableError(f"{cell.attrs['label']} holds a seed more than once")
    return cell


def _is(record: xr.Dataset, dataset: str, cell: Mapping[str, Any]) -> bool:
    known = {**record.attrs["config"], **record.attrs["axes"]}
    return record.attrs["data"]["name"] == dataset and all(
        known.get(key) == value for key, value in cell.items()
    )


def _seeds(cells: Study) -> tuple[list[int], int]:
    """Return the seeds that every cell has and none saw diverge, and how many diverged."""
    common = set.intersection(*(set(map(int, cell["seed"].to_numpy())) for cell in cells))
    diverged = {
        int(seed)
        for cell in cells
        for seed in cell["seed"].to_numpy()[cell["diverged_at"].to_numpy() >= 0]
    }
    return sorted(common - diverged), len(diverged)
