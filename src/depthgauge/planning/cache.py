"""Cache of summaries of plans, in .cells/plans.

`status` then reads files: to compose every page and to import PyTorch takes tens of seconds.
"""

import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import depthgauge
from depthgauge.errors import DataError, ResourceError
from depthgauge.files import write_text
from depthgauge.planning.summary import PlanSummary, from_values, summary_of
from depthgauge.store.state import CELLS

PLANS = CELLS / "plans"

SEARCHED = "hydra.searchpath="
"""Start of the word that names folders of pages outside conf."""

UNRELATED = ("claims", "report", "tracking", "comparison")
"""Packages that no plan depends on."""


def studies(words: Sequence[str] = ()) -> list[str]:
    """Return the names of the pages in conf/study, and in the folders that `words` search."""
    if any(word.startswith(SEARCHED) for word in words):
        from depthgauge.planning.compose import pages

        return pages("study", words)
    return sorted(path.stem for path in Path("conf/study").glob("*.yaml"))


def plan_summary(study: str, overrides: Sequence[str]) -> PlanSummary:
    """Return the summary of `study` under `overrides`, the cached one if nothing has changed since.

    Raises DataError where a data set that it needs is not prepared, and whatever `plan` raises.
    """
    words = [f"study={study}", *overrides]
    path = PLANS / f"{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]}.json"
    stamp = _fingerprint(words)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if known.get("stamp") != stamp:
        return _planned(study, words, path, stamp)
    if "lacking" in known:
        raise DataError(known["lacking"])
    return from_values(known)


def _keep(path: Path, values: dict[str, Any]) -> None:
    """Keep a plan; a project that cannot be written to is planned again each time."""
    with suppress(ResourceError):
        write_text(path, json.dumps(values))


def _planned(study: str, words: list[str], path: Path, stamp: str) -> PlanSummary:
    from depthgauge.planning.plan import has_user_code, plan

    try:
        planned = plan(words)
        summary = summary_of(study, planned)
    except DataError as error:
        _keep(path, {"stamp": stamp, "lacking": str(error)})
        raise
    elsewhere = any("pkg://" in word for word in words)
    if not elsewhere and not any(map(has_user_code, planned)):  # whose files the stamp leaves out
        _keep(path, {"stamp": stamp, **asdict(summary)})
    return summary


def _fingerprint(words: Sequence[str]) -> str:
    """Return a digest of all that a plan depends on: words, pages, code, data, versions, device."""
    digest = hashlib.sha256(json.dumps([*words, *_surroundings()]).encode())
    for path in _sources(words):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _sources(words: Sequence[str]) -> Iterator[Path]:
    for folder in ("conf", *re.findall(r"file://([^'\",\]]+)", " ".join(words))):
        yield from sorted(Path(folder).rglob("*.yaml"))
    package = Path(depthgauge.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in UNRELATED:
            yield path


def _surroundings() -> list[str]:
    prepared = sorted(Path("data/prepared").glob("*.safetensors"))
    stamps = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in prepared]
    gpu = [os.environ.get("CUDA_VISIBLE_DEVICES", ""), str(Path("/dev/nvidiactl").exists())]
    return [*stamps, *gpu, platform.node(), version("torch"), version("hydra-core")]
