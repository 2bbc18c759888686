"""Glorot and Bengio's claims, numbers and names, from claims.yaml beside this file."""

from typing import Any

from depthgauge.claims.register import register_beside

REGISTER = register_beside(__name__)

_TABLES: Any = REGISTER.tables

NAMES: dict[str, str] = _TABLES["names"]
"""Model -> as Table 1 writes it."""

MODELS: dict[str, dict[str, str]] = _TABLES["models"]
"""Model -> its activation and initialization; N stands for the normalized one."""

ERRORS: dict[str, dict[str, float]] = _TABLES["errors"]
"""Table 1: data set -> model -> test error in percent, of five hidden layers, the sigmoid too."""

TITLES: dict[str, str] = _TABLES["titles"]
"""Data set -> as the paper writes it."""

SAMPLE_ERRORS: dict[str, float] = _TABLES["sample"]
"""Test error in percent of support vectors and of a net of five hidden layers of Tanh N."""

INITS: dict[str, str] = _TABLES["inits"]
"""Model of initial nets -> its initialization in a word."""

INIT_SETS = ("shapeset", "mnist", "imagenet_sample")
"""The figures show Shapeset; section 4.2.2 calls the other sets "qualitatively similar"."""

SHAPES = ("growing", "shrinking", "equal")
"""Of the hidden layers of `glorot_widths`, from the input on; the same number of units in all."""

FIRST_UPDATES = 100
"""Updates during which the output's speeds are compared."""
