"""All claims, source by source: a new source is added to `CLAIMS`."""

from collections.abc import Iterable

from depthgauge.claims.claim import Claim
from depthgauge.studies.glorot.register import REGISTER as GLOROT
from depthgauge.studies.nielsen.register import REGISTER as NIELSEN
from depthgauge.studies.remedies.register import REGISTER as REMEDIES
from depthgauge.studies.theory.register import REGISTER as THEORY


def unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims in their order; two with one id are a mistake in the code."""
    by_id: dict[str, Claim] = {}
    for claim in claims:
        if claim.id in by_id:
            raise ValueError(f"two claims have the id {claim.id}")
        by_id[claim.id] = claim
    return tuple(by_id.values())


CLAIMS = unique(
    (
        *NIELSEN.claims,
        *THEORY.claims,
        *GLOROT.claims,
        *REMEDIES.claims,
    )
)

STUDIES = sorted({claim.study for claim in CLAIMS})
"""Whose records are judged and reported."""
