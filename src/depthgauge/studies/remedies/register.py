"""The findings about remedies, from claims.yaml beside this file."""

from typing import Any

from depthgauge.claims.register import register_beside

REGISTER = register_beside(__name__)

_TABLES: Any = REGISTER.tables

PLAIN: dict[str, str] = _TABLES["plain"]
"""Title and source of the net that remedies are held against."""

REMEDIES: dict[str, dict[str, str]] = _TABLES["remedies"]
"""Name on the study's page -> title and source."""

DEEP: int = _TABLES["sizes"]["deep"]
"""Hidden layers of the deep nets."""

BUDGET: int = _TABLES["sizes"]["budget"]
"""Updates of scale quick. A longer run judges the same statements at its own, larger budget."""
