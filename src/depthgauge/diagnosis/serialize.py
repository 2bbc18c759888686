"""A diagnosis as strict JSON and back: every look, verdict and trial, with a version."""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from depthgauge.diagnosis.findings import Diagnosis
from depthgauge.errors import DataError

SCHEMA = "depthgauge diagnosis 1"
"""Raised whenever a field changes its meaning or goes away."""


def to_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return plain dictionaries, lists, strings and finite numbers.

    A number that is not finite becomes the string "nan", "inf" or "-inf": strict JSON has none.
    """
    return {"schema": SCHEMA, **_plain(diagnosis)}


def to_json(diagnosis: Diagnosis, indent: int | None = None) -> str:
    """Return the diagnosis as strict JSON."""
    return json.dumps(to_dict(diagnosis), indent=indent, allow_nan=False, ensure_ascii=False)


def from_dict(content: Mapping[str, Any]) -> Diagnosis:
    """Return the diagnosis that `to_dict` wrote; raises DataError for anything else."""
    if content.get("schema") != SCHEMA:
        raise DataError(
            f"this is not a diagnosis that this version reads: its schema is"
            f" {content.get('schema')!r}, and {SCHEMA!r} is expected"
        )
    try:
        return _built(Diagnosis, {k: v for k, v in content.items() if k != "schema"})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"the diagnosis is damaged: {error}") from None


def from_json(text: str) -> Diagnosis:
    """Return the diagnosis that `to_json` wrote; raises DataError for anything else."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"the diagnosis is not JSON: {error}") from None
    return from_dict(content if isinstance(content, dict) else {})


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _built(kind: Any, value: Any) -> Any:
    """Return `value` as the annotated type `kind`."""
    if get_origin(kind) in (Union, types.UnionType):
        return None if value is None else _built(get_args(kind)[0], value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _built(hints[name], v) for name, v in value.items()})
    if get_origin(kind) is tuple:
        return tuple(_built(get_args(kind)[0], v) for v in value)
    if get_origin(kind) is Mapping:
        return dict(value)
    if kind is float or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return kind(value)
    return value
