"""Differences in the provenance of two records of a cell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr


def origin(first: xr.Dataset, second: xr.Dataset) -> Iterator[str]:
    """Yield where code, data, device, versions and config differ, as in steps: 100 -> 200."""
    if first.attrs.get("cell") == second.attrs.get("cell"):
        return
    if first.attrs.get("code") != second.attrs.get("code"):
        yield "the code that computed them"
    one, two = (dict(_flat("", _known(record))) for record in (first, second))
    for key in {**one, **two}:
        if one.get(key) != two.get(key):
            yield f"{key}: {one.get(key)} -> {two.get(key)}"


def differences_of_config(records: Sequence[xr.Dataset]) -> list[list[str]]:
    """Return for each record the settings in which they are not all alike, as in l2=0."""
    configs = [dict(_flat("", record.attrs["config"])) for record in records]
    keys = [key for key in configs[0] if any(c.get(key) != configs[0][key] for c in configs)]
    return [[f"{key}={config.get(key)}" for key in keys] for config in configs]


def _known(record: xr.Dataset) -> dict[str, Any]:
    attrs = record.attrs
    return {
        "data": attrs["data"],
        "device": attrs.get("device"),
        "versions": attrs.get("versions", {}),
        "user_code": attrs.get("user_code", {}),
        **attrs["config"],
    }


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value
