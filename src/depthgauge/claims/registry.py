"""All claims, source by source: a new module of claims is added to SOURCES."""

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
    mean_field,
    milman,
    nielsen_accuracy,
    nielsen_capacity,
    nielsen_chain,
    nielsen_curves,
    nielsen_initial_speed,
    nielsen_minibatch,
    nielsen_training_speed,
    remedies,
)
from depthgauge.claims.claim import Claim

SOURCES = (
    nielsen_accuracy,
    nielsen_initial_speed,
    nielsen_training_speed,
    nielsen_curves,
    nielsen_minibatch,
    nielsen_capacity,
    nielsen_chain,
    mean_field,
    milman,
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
    remedies,
)


def unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims in their order; two with one id are a mistake in the code."""
    by_id: dict[str, Claim] = {}
    for claim in claims:
        if claim.id in by_id:
            raise ValueError(f"two claims have the id {claim.id}")
        by_id[claim.id] = claim
    return tuple(by_id.values())


CLAIMS = unique(claim for source in SOURCES for claim in source.CLAIMS)

STUDIES = sorted({claim.study for claim in CLAIMS})
"""Whose records are judged and reported."""
