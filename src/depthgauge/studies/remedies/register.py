"""The findings about remedies, from claims.yaml beside this file."""

from pathlib import Path
from typing import Any

from depthgauge.claims.named import readers
from depthgauge.claims.register import load

READERS = readers(__name__)

REGISTER = load(Path(__file__).with_name("claims.yaml"), READERS)

_TABLES: Any = REGISTER.tables

PLAIN: dict[str, str] = _TABLES["plain"]
"""Title and source of the net that remedies are held against."""

REMEDIES: dict[str, dict[str, str]] = _TABLES["remedies"]
"""Name on the study's page -> title and source."""

DEEP: int = _TABLES["sizes"]["deep"]
"""Hidden layers of the deep nets."""

BUDGET: int = _TABLES["sizes"]["budget"]
"""Updates of scale quick. A longer run judges the same statements at its own, larger budget."""
