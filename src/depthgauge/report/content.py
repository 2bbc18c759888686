"""What the page and the Markdown table show alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from depthgauge.claims.chance import chance_statement
from depthgauge.provenance.ledger import Origin
from depthgauge.report.cells import Records
from depthgauge.report.figure import Figure
from depthgauge.report.provenance import provenance, together
from depthgauge.report.verdicts import (
    WORDS,
    Verdicts,
    published,
    row,
    scales,
    tally,
    why_open,
)


@dataclass(frozen=True)
class Report:
    """Everything a report is made of."""

    verdicts: Verdicts
    figures: Mapping[str, Figure]
    pictures: Mapping[str, str]
    """The figures as SVG, by name."""
    missing: Mapping[str, str]
    """Figures that could not be drawn, and why."""
    records: Records
    origins: Mapping[str, Origin]
    """How the records of a study came about, where that is known."""


def content(report: Report) -> dict[str, Any]:
    """Return the report as the templates take it, numbers already in words."""
    studies = provenance(report.records, report.origins)
    rows = [row(verdict) for verdict in report.verdicts]
    return {
        "rows": rows,
        "published": len(published(report.verdicts)),
        "served": {
            name: [each for each in rows if each["figure"] == name] for name in report.figures
        },
        "tally": tally(report.verdicts),
        "words": WORDS,
        "scales": scales(report.verdicts),
        "why_open": why_open(report.verdicts),
        "chance": chance_statement(report.verdicts),
        "figures": report.figures,
        "missing": report.missing,
        "provenance": studies,
        "together": together(studies, report.origins),
    }
