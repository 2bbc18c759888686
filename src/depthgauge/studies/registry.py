"""All claims, source by source: a new source is added to `CLAIMS`."""

from collections.abc import Iterable

from depthgauge.claims import (
    glorot_cost_surface,
    glorot_error,
    glorot_gradients,
    glorot_init,
    glorot_output_speed,
    glorot_pretraining,
    glorot_saturation,
    glorot_second_order,
    glorot_sigmoid_saturation,
    glorot_svm,
    glorot_widths,
)
from depthgauge.claims.claim import Claim
from depthgauge.studies.nielsen.register import REGISTER as NIELSEN
from depthgauge.studies.remedies.register import REGISTER as REMEDIES
from depthgauge.studies.theory.register import REGISTER as THEORY

GLOROT = (
    glorot_sigmoid_saturation,
    glorot_output_speed,
    glorot_saturation,
    glorot_cost_surface,
    glorot_init,
    glorot_gradients,
    glorot_error,
    glorot_second_order,
    glorot_pretraining,
    glorot_svm,
    glorot_widths,
)


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
        *(claim for source in GLOROT for claim in source.CLAIMS),
        *REMEDIES.claims,
    )
)

STUDIES = sorted({claim.study for claim in CLAIMS})
"""Whose records are judged and reported."""
