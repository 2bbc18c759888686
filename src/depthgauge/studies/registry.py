"""All claims, source by source: a new source is added to `REGISTERS`."""

from depthgauge.studies.glorot.register import REGISTER as GLOROT
from depthgauge.studies.nielsen.register import REGISTER as NIELSEN
from depthgauge.studies.remedies.register import REGISTER as REMEDIES
from depthgauge.studies.theory.register import REGISTER as THEORY

REGISTERS = (NIELSEN, THEORY, GLOROT, REMEDIES)

CLAIMS = tuple(claim for register in REGISTERS for claim in register.claims)

STUDIES = sorted({claim.study for claim in CLAIMS})
"""Whose records are judged and reported."""
