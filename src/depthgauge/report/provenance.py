"""Where the numbers come from: data, code and versions, commit, machine and time of every study."""

from collections.abc import Iterable, Mapping

import xarray as xr

from depthgauge.provenance.ledger import Origin
from depthgauge.report.cells import Records
from depthgauge.report.duration import duration
from depthgauge.report.seeds import in_words
from depthgauge.untrusted import lookups_in

UNKNOWN = "not known here"
"""There is no results/origins.json, or it is about other records."""


def provenance(records: Records, origins: Mapping[str, Origin]) -> list[dict[str, str]]:
    """Return a row of texts for each study that has records, by name.

    Raises DataError where a record does not say where its numbers come from.
    """
    rows = []
    for name, found in sorted(records.items()):
        if found:
            with lookups_in(f"a record of {name}"):
                rows.append(_study(name, list(found), origins.get(name)))
    return rows


def together(rows: Iterable[Mapping[str, str]], origins: Mapping[str, Origin]) -> dict[str, str]:
    """Return commit, machine, software and time of all studies with records, each value once."""
    known = [origins[row["study"]] for row in rows if row["study"] in origins]
    if not known:
        return {}
    seconds = sum(origin.seconds for origin in known)
    blocks = sum(origin.blocks for origin in known)
    return {
        "Commit": _distinct(origin.commit for origin in known),
        "Machine": _distinct(origin.machine for origin in known),
        "Software": _distinct(origin.software for origin in known),
        "Time": f"{duration(seconds)}, the sum over {blocks:,} blocks, each on one core or GPU",
    }


def _study(name: str, found: list[xr.Dataset], origin: Origin | None) -> dict[str, str]:
    attrs = [record.attrs for record in found]
    texts = {
        "seeds": [in_words(sorted(set(each["seed"].values.tolist()))) for each in found],
        "scale": [each["scale"] for each in attrs],
        "data": [f"{each['data']['name']} {each['data']['hash']}" for each in attrs],
        "code": [each["code"] for each in attrs],
        "device": [each["device"] for each in attrs],
        "versions": [_versions(each["versions"]) for each in attrs],
    }
    return {
        "study": name,
        "cells": f"{len(found)} cell{'s' * (len(found) != 1)}",
        **{key: _distinct(each) for key, each in texts.items()},
        "time": duration(origin.seconds) if origin else UNKNOWN,
        "commit": origin.commit if origin else UNKNOWN,
        "machine": origin.machine if origin else UNKNOWN,
    }


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _distinct(texts: Iterable[str]) -> str:
    """Return each text once, in the order of the grid; a text may hold several of them."""
    return "; ".join(dict.fromkeys(each for text in texts for each in text.split("; ")))
