"""The claims of Milman's answer and of mean field, from claims.yaml beside this file."""

from typing import Any

from depthgauge.claims.register import hidden_layers, register_beside

REGISTER = register_beside(__name__)

_TABLES: Any = REGISTER.tables

ACTIVATIONS: list[str] = _TABLES["activations"]
"""Of the nets of mean field."""

INITS: list[str] = _TABLES["inits"]
"""Of the nets of mean field."""

NETS = {name: hidden_layers(layers) for name, layers in _TABLES["nets"].items()}
"""Hidden layers x units -> units of each hidden layer."""
