"""Draw every figure and write the report.

Reads the records in build/ of the studies that claims are about, and the verdicts in
results/claims.json. Writes results/report.html (one page that needs no network), results/README.md
(the table for a repository page), results/figures/*.svg, results/plots/*.csv (the curves, for
`dvc plots`, whose page is build/plots.html) and results/origins.json (commit, machine and time of
the training that made the records; kept while the records are the same). A figure whose records
are missing is left out, and the page says so. The same records, verdicts and origins give the same
bytes.
"""

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from depthgauge.claims.read import REPORTED, read_verdicts
from depthgauge.files import write_text
from depthgauge.project import project_root
from depthgauge.provenance.ledger import origins, settled
from depthgauge.report.content import Report
from depthgauge.report.figure import svg
from depthgauge.report.figures import draw
from depthgauge.report.library import plots_page
from depthgauge.report.page import page
from depthgauge.report.plots import plots
from depthgauge.report.readme import readme
from depthgauge.studies.judged_records import read_judged


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders that are read and written."""
    parser.add_argument(
        "--build", type=Path, metavar="DIR", help="folder of the records (default: ROOT/build)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="folder of claims.json, and of what is written (default: ROOT/results)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the report; raises DataError without verdicts or records, or if one is damaged."""
    build = arguments.build or project_root() / "build"
    results = arguments.results or project_root() / "results"
    verdicts = read_verdicts(results / "claims.json", REPORTED)
    records = read_judged(build)
    figures, missing = draw(records)
    report = Report(
        verdicts=verdicts,
        figures=figures,
        pictures={name: svg(figure) for name, figure in figures.items()},
        missing=missing,
        records=records,
        origins=settled(origins(build, records), build, results / "origins.json"),
    )
    tables = {name: table.to_csv(index=False) for name, table in plots(records).items()}
    write_text(results / "report.html", page(report))
    write_text(results / "README.md", readme(report))
    _write_folder(results / "figures", ".svg", report.pictures)
    _write_folder(results / "plots", ".csv", tables)
    write_text(build / "plots.html", plots_page())
    _say(results, report)


def _write_folder(folder: Path, ending: str, texts: Mapping[str, str]) -> None:
    """Write a file a text; files of that ending which an earlier report left are removed."""
    for path in folder.glob(f"*{ending}"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        write_text(folder / f"{name}{ending}", text)


def _say(results: Path, report: Report) -> None:
    """Print what was written, what is missing and the verdicts in numbers."""
    counts = Counter(verdict["verdict"] for verdict in report.verdicts)
    for name, reason in report.missing.items():
        print(f"not drawn: {name} ({reason})")
    print(results / "report.html")
    print(results / "README.md")
    print(f"{results / 'figures'}: {len(report.figures)} figures")
    print(f"claims: {counts['holds']} hold, {counts['fails']} fail, {counts['inconclusive']} open")
