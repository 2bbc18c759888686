"""Test the published claims against the records, and write the verdicts.

Reads the records in build/ of every study that claims are about, and writes results/claims.json
(one object per claim) and results/metrics.json (verdicts counted by source, and what the claims on
accuracies and on ratios of speeds measured: the numbers of `dvc metrics diff`). Takes seconds;
trains nothing. A claim whose study has no record yet is inconclusive.

  depthgauge judge --claims mine.yaml    your own register: only its claims are judged and
                                         printed; nothing is written unless --results is given
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depthgauge.claims.judgement import Verdict
from depthgauge.claims.judging import judge
from depthgauge.console.claims_table import show
from depthgauge.files import write_text
from depthgauge.project import project_root
from depthgauge.studies.judged_records import read_judged
from depthgauge.studies.own import own_register
from depthgauge.studies.registry import CLAIMS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders that are read and written."""
    parser.add_argument(
        "--build", type=Path, metavar="DIR", help="folder of the records (default: ROOT/build)"
    )
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="folder for verdicts (default: ROOT/results)"
    )
    parser.add_argument(
        "--claims", type=Path, metavar="FILE", help="your own register (docs/claims.md)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Judge all claims, write the verdicts, print the table.

    Raises DataError, and writes nothing, if there are no records or one is damaged.
    """
    build = arguments.build or project_root() / "build"
    claims = own_register(arguments.claims).claims if arguments.claims else CLAIMS
    records = read_judged(build, sorted({claim.study for claim in claims}))
    verdicts = judge(records, claims)
    if arguments.results or not arguments.claims:
        write(arguments.results or project_root() / "results", verdicts)
    show(verdicts, len(verdicts))


def write(results: Path, verdicts: Sequence[dict[str, Any]]) -> None:
    """Write the verdicts, how many there are of each kind, and the metrics that were measured."""
    write_text(results / "claims.json", as_json(verdicts))
    metrics = {**counts(verdicts), "measured": measured(verdicts)}
    write_text(results / "metrics.json", json.dumps(metrics, indent=2) + "\n")


def as_json(verdicts: Sequence[dict[str, Any]]) -> str:
    """Return the verdicts as a JSON list with one line a key, so that differences read well."""
    objects = (
        ",\n".join(
            f"    {json.dumps(key)}: {json.dumps(value, allow_nan=False, ensure_ascii=False)}"
            for key, value in verdict.items()
        )
        for verdict in verdicts
    )
    return "[\n" + ",\n".join(f"  {{\n{lines}\n  }}" for lines in objects) + "\n]\n"


MEASURED = ("%", "ratio of speeds")
"""Units of the claims whose measured numbers are metrics."""


def measured(verdicts: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return what was measured of accuracies, errors and ratios of speeds, by claim."""
    return {
        verdict["id"]: verdict["measured"]
        for verdict in verdicts
        if verdict.get("unit") in MEASURED and verdict.get("measured") is not None
    }


def counts(verdicts: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many claims hold, fail and stay open, by source (the id's first word)."""
    by_source: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        source = by_source.setdefault(verdict["id"].split(".")[0], Counter())
        source[verdict["verdict"]] += 1
    return {name: {kind: found[kind] for kind in Verdict} for name, found in by_source.items()}
