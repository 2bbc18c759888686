"""What a claim is: something that a source published, mathematics, or a finding of this project."""

from enum import StrEnum

from depthgauge.claims.claim import Claim


class Nature(StrEnum):
    """Only numbers and sentences are a source's own."""

    number = "number"
    """A number that a source prints, or that can be read off data that it publishes."""
    sentence = "sentence"
    """A statement of a source."""
    mathematics = "mathematics"
    """An identity, a bound, or a constant of a formula: no network could refute it."""
    finding = "finding"
    """What this project measured and nobody claimed."""


MATHEMATICS = (
    "theory.chain.product.",
    "theory.chain.slope_",
    "theory.chain.explodes.",
    "theory.chain.steep_",
    "theory.chain.widest",
    "milman.identity",
    "milman.bound.",
    "nielsen.capacity.identity_error",
)
"""How the ids of mathematics begin."""

FINDINGS = (
    "theory.mean_field.",
    "remedies.",
    "milman.explains_slope",
    "nielsen.capacity.literal_identity",
    "nielsen.initial_speed.h4.hundredfold",
    "nielsen.training_speed.h3.plateau",
    "nielsen.training_speed.h4.plateau",
)
"""How the ids of findings begin."""


def nature(claim: Claim) -> Nature:
    """Return what `claim` is; a source's own one is a number where its rule judges a number."""
    if claim.id.startswith(MATHEMATICS):
        return Nature.mathematics
    if claim.id.startswith(FINDINGS):
        return Nature.finding
    return Nature.number if claim.rule.judges_number else Nature.sentence
