"""`depthgauge report`: what it writes, what it refuses."""

import argparse
import json

import pytest

from claims.nielsen_records import PUBLISHED, accuracy_cell
from depthgauge.claims.judging import judge
from depthgauge.cli import report
from depthgauge.cli.main import main
from depthgauge.errors import DataError
from depthgauge.records import write
from depthgauge.studies.registry import CLAIMS


def parsed(*words):
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """One record, judged, in a project."""
    (tmp_path / "dvc.yaml").touch()
    cell = accuracy_cell(PUBLISHED, 1, 20)
    cell.attrs.update(code="c0de", device="cpu", versions={}, published_steps=150_000)
    write(cell, tmp_path / "build/nielsen_accuracy/000.safetensors")
    verdicts = judge({"nielsen_accuracy": [cell]}, CLAIMS)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/claims.json").write_text(json.dumps(verdicts))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


def test_everything_is_written_and_counted(project, capsys):
    """Page, table, figures and plots; the terminal says where, what is missing, how many hold."""
    report.run(parsed())
    results = project / "results"
    assert {str(path) for path in contents(results)} == {
        "claims.json",
        "report.html",
        "README.md",
        "origins.json",
        "figures/nielsen_accuracy.svg",
        "plots/nielsen_accuracy.csv",
    }
    said = capsys.readouterr().out
    assert str(results / "report.html") in said
    assert "not drawn: nielsen_minibatch_speed (" in said
    verdicts = json.loads((results / "claims.json").read_text())
    hold, fail = (sum(each["verdict"] == kind for each in verdicts) for kind in ("holds", "fails"))
    assert f"claims: {hold} hold, {fail} fail, {len(CLAIMS) - hold - fail} open" in said


def test_repeating_changes_no_byte(project):
    """The same records and verdicts give the same files."""
    report.run(parsed())
    first = contents(project / "results")
    report.run(parsed())
    assert contents(project / "results") == first


def test_figures_of_an_earlier_report_are_removed(project):
    """A picture that the records no longer support does not stay behind; other files do."""
    figures = project / "results/figures"
    figures.mkdir()
    (figures / "nielsen_neuron_bars.svg").touch()
    (figures / "notes.txt").touch()
    report.run(parsed())
    assert {path.name for path in figures.iterdir()} == {"nielsen_accuracy.svg", "notes.txt"}


def test_a_report_without_records_replaces_nothing(project):
    """A mistyped --build must not empty the figures of the report that is there."""
    report.run(parsed())
    before = contents(project)
    with pytest.raises(DataError, match="no records in nosuch of the studies"):
        report.run(parsed("--build", "nosuch"))
    assert contents(project) == before and not (project / "nosuch").exists()


def test_folders_can_be_named(project):
    """--build and --results lead elsewhere."""
    other = project / "elsewhere"
    (project / "results").rename(other)
    report.run(parsed("--build", "build", "--results", str(other)))
    assert (other / "report.html").exists()
    assert not (project / "results").exists()


def test_without_verdicts_nothing_is_written(project):
    """The sentence says what to run first."""
    (project / "results/claims.json").unlink()
    with pytest.raises(DataError, match="run `depthgauge judge`"):
        report.run(parsed())
    assert contents(project / "results") == {}


def test_overrides_are_refused(project, capsys):
    """A key=value would be ignored silently otherwise."""
    with pytest.raises(SystemExit) as stop:
        main(["report", "scale=paper"])
    assert stop.value.code == 2
    assert "unknown word 'scale=paper': report takes no key=value" in capsys.readouterr().err
