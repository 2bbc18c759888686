"""Where the numbers come from: data, code, versions and device of every study."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from depthgauge.foreign import RETRAIN, understood
from depthgauge.report.cells import Records
from depthgauge.report.seeds import in_words


@dataclass(frozen=True)
class StudyProvenance:
    """What one study's records say of themselves, as text."""

    study: str
    cells: int
    seeds: str
    scale: str
    data: str
    code: str
    device: str
    versions: str
    time: str
    """Which the study's page foresees; records carry no clock times, so that they repeat."""


def provenance(records: Records) -> list[StudyProvenance]:
    """Return a row for each study that has records, by name.

    Raises DataError where a record does not say where its numbers come from.
    """
    rows = []
    for name, found in sorted(records.items()):
        if found:
            with understood(f"the provenance of a record of {name}", RETRAIN):
                rows.append(_study(name, list(found)))
    return rows


def _study(name: str, found: list[xr.Dataset]) -> StudyProvenance:
    attrs = [record.attrs for record in found]
    return StudyProvenance(
        study=name,
        cells=len(found),
        seeds=_distinct([in_words(sorted(set(each["seed"].values.tolist()))) for each in found]),
        scale=_distinct([each["scale"] for each in attrs]),
        data=_distinct([f"{each['data']['name']} {each['data']['hash']}" for each in attrs]),
        code=_distinct([each["code"] for each in attrs]),
        device=_distinct([each["device"] for each in attrs]),
        versions=_distinct([_versions(each["versions"]) for each in attrs]),
        time=_distinct([_time(each) for each in attrs]),
    )


def _time(attrs: Mapping[str, Any]) -> str:
    """Return what the study's notebook page says on its length at the record's scale."""
    minutes = attrs.get("notebook", {}).get("minutes", {}).get(attrs["scale"])
    return f"about {minutes:g} minutes on 2 cores" if minutes else "not foreseen at this scale"


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _distinct(texts: list[str]) -> str:
    """Return each text once, in the order of the grid."""
    return "; ".join(dict.fromkeys(texts))
