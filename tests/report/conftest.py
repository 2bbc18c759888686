"""Drawn once for all tests of the report: figures and pages take seconds."""

import pytest
from report_records import ORIGIN, complete, judged

from depthgauge.report.content import Report
from depthgauge.report.figure import svg
from depthgauge.report.figures import draw
from depthgauge.report.page import page


@pytest.fixture(scope="session")
def records():
    return complete()


@pytest.fixture(scope="session")
def figures(records):
    return draw(records)[0]


@pytest.fixture(scope="session")
def report(records, figures):
    """Everything but the neuron bars, whose study was not run."""
    ran = {study: cells for study, cells in records.items() if study != "nielsen_neuron_bars"}
    drawn = {name: each for name, each in figures.items() if each.study in ran}
    missing = {name: why for name, why in draw({})[1].items() if name not in drawn}
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    return Report(judged(ran), drawn, pictures, missing, ran, {"nielsen_accuracy": ORIGIN})


@pytest.fixture(scope="session")
def html(report):
    return page(report)
