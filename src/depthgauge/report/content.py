"""The content that the page and the Markdown table share."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from depthgauge.claims.chance import chance_statement
from depthgauge.provenance.ledger import Origin
from depthgauge.report.cells import Records
from depthgauge.report.figure import Figure
from depthgauge.report.figures import CHAPTERS
from depthgauge.report.outcome import LEAD, outcome, refuted, surprises
from depthgauge.report.provenance import provenance, together
from depthgauge.report.verdicts import (
    WORDS,
    Verdicts,
    by_section,
    open_by_want,
    published,
    row,
    scales,
    tally,
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
    theirs = published(report.verdicts)
    return {
        "outcome": outcome(report.verdicts),
        "surprises": surprises(report.verdicts),
        "refuted": [row(each) for each in refuted(report.verdicts)],
        "published": Counter(each["verdict"] for each in theirs),
        "open": {
            want: [row(each) for each in group] for want, group in open_by_want(theirs).items()
        },
        "sections": {
            name: [row(each) for each in group]
            for name, group in by_section(report.verdicts).items()
        },
        "served": {
            name: [row(each) for each in report.verdicts if each["figure"] == name]
            for name in report.figures
        },
        "tally": tally(report.verdicts),
        "words": WORDS,
        "scales": scales(report.verdicts),
        "chance": chance_statement(report.verdicts),
        "figures": report.figures,
        "lead": [name for name in LEAD if name in report.figures],
        "chapters": _chapters(report.figures),
        "missing": report.missing,
        "provenance": studies,
        "together": together(studies, report.origins),
    }


def _chapters(figures: Mapping[str, Figure]) -> dict[str, list[str]]:
    """Return chapter -> the names of its figures that are not on the first screen."""
    rest = {
        chapter: [name for name in names if name in figures and name not in LEAD]
        for chapter, names in CHAPTERS.items()
    }
    return {chapter: names for chapter, names in rest.items() if names}


def environment(**options: Any) -> Environment:
    """Return the templates of the page and of the table; an undefined name is an error."""
    return Environment(
        loader=PackageLoader("depthgauge.report", "template"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
