"""The claims of Milman's answer and of mean field, from claims.yaml beside this file."""

from pathlib import Path
from typing import Any

from depthgauge.claims.named import readers
from depthgauge.claims.register import hidden_layers, load

READERS = readers(__name__)

REGISTER = load(Path(__file__).with_name("claims.yaml"), READERS)

_TABLES: Any = REGISTER.tables

ACTIVATIONS: list[str] = _TABLES["activations"]
"""Of the nets of mean field."""

INITS: list[str] = _TABLES["inits"]
"""Of the nets of mean field."""

NETS = {name: hidden_layers(layers) for name, layers in _TABLES["nets"].items()}
"""Hidden layers x units -> units of each hidden layer."""
