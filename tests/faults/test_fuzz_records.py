"""Records and verdicts from elsewhere: judged, drawn, tracked and compared, or one sentence."""

import copy
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from guard import guarded
from hypothesis import given
from hypothesis import strategies as st
from mutations import PLACES, VALUES, WORDS, replaced
from safetensors.numpy import save
from test_fuzz_config import few

from depthgauge.cli.main import main
from depthgauge.records import write
from report.report_records import judged, small

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]  # numbers that overflow do warn

CODES = {0, 1, 2, 3, 4, 5}
"""Documented exit codes; 1 only where two results differ."""

ODD = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 5e-324, 1e308, -1e308, 2.0**63])
KINDS = ("float16", "float64", "int8", "int64", "uint8", "bool")

EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), PLACES, st.none()),
        st.tuples(st.just("rename"), PLACES, st.sampled_from(["evil", "layer", "x" * 300, "名"])),
        st.tuples(st.just("kind"), PLACES, st.sampled_from(KINDS)),
        st.tuples(st.just("fill"), PLACES, ODD),
        st.tuples(st.just("spoil"), PLACES, ODD),
        st.tuples(st.just("flat"), PLACES, st.integers(0, 3)),
        st.tuples(st.just("short"), PLACES, st.integers(0, 3)),
        st.tuples(st.just("turn"), PLACES, st.none()),
        st.tuples(st.just("say"), st.lists(PLACES, min_size=1, max_size=4), VALUES),
        st.tuples(st.just("say"), st.lists(PLACES, min_size=1, max_size=4), st.sampled_from(WORDS)),
    ),
    min_size=1,
    max_size=4,
)
"""Arrays lost, renamed, of another type, shape, order; odd numbers; any value in the words."""


STUDIES = [
    *("nielsen_accuracy", "nielsen_capacity", "nielsen_chain", "nielsen_initial_speed"),
    *("nielsen_neuron_bars", "nielsen_training_speed", "bounds", "mean_field"),
    *("glorot_cost_surface", "glorot_pretraining", "glorot_second_order", "glorot_svm"),
    "glorot_widths",
]


QUICKLY_DRAWN = ("glorot_svm", "nielsen_neuron_bars", "glorot_cost_surface", "nielsen_accuracy")


class Raw:
    """A record as it lies in its file: arrays with the names of their axes, and words."""

    def __init__(self, record):
        self.arrays = {str(name): each.to_numpy() for name, each in record.variables.items()}
        self.dims = {str(name): list(each.dims) for name, each in record.variables.items()}
        self.coords = sorted(map(str, record.coords))
        self.attrs = copy.deepcopy(record.attrs)

    def write(self, path):
        """Write what `records.write` would refuse, too; the digest is that of no such content."""
        names = [name for name in self.coords if name in self.arrays]
        meta = {"format": 2, "dims": self.dims, "coords": names, "attrs": self.attrs}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(meta).encode("utf-8", "replace").decode()
        arrays = {name: np.ascontiguousarray(each) for name, each in self.arrays.items()}
        path.write_bytes(save(arrays, {"depthgauge": text}))

    def edit(self, kind, place, value):
        """Spoil one thing; what does not apply is left alone."""
        if kind == "say":
            self.attrs = replaced(self.attrs, place, value)
            return
        if not self.arrays:
            return
        name = sorted(self.arrays)[int(place * len(self.arrays))]
        array, dims = self.arrays[name], self.dims[name]
        if kind == "drop":
            del self.arrays[name], self.dims[name]
        elif kind == "rename":
            self.arrays[value], self.dims[value] = self.arrays.pop(name), self.dims.pop(name)
        elif kind == "kind":
            self.arrays[name] = np.nan_to_num(array).astype(value)
        elif kind in ("fill", "spoil"):
            made = array.astype(np.float64)
            made[... if kind == "fill" else (0,) * made.ndim if made.size else ...] = value
            self.arrays[name] = made
        elif kind == "flat":
            self.arrays[name] = array.reshape(-1)[:value]
            self.dims[name] = dims[:1]
        elif kind == "short" and dims:
            self.cut(dims[-1], value)
        elif kind == "turn":
            self.arrays[name], self.dims[name] = array.T, dims[::-1]

    def cut(self, axis, length):
        """Leave so many places of an axis, in all arrays: also none."""
        for name, dims in self.dims.items():
            if axis in dims:
                at = tuple(slice(length if each == axis else None) for each in dims)
                self.arrays[name] = self.arrays[name][at]


@pytest.fixture(scope="module")
def sound():
    """Records of many studies, five seeds, and the verdicts on them."""
    found = small(5)
    return found, judged(found)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project that examples share."""
    root = tmp_path_factory.mktemp("records")
    (root / "dvc.yaml").write_text("stages: {}\n")
    return root


def depthgauge(root, *words):
    """Run a stage as the console would, in `root`; return its code, or None for a bug's."""
    before = Path.cwd()
    os.chdir(root)
    try:
        with guarded(root, 60):
            main(words)
    except SystemExit as stop:
        return 0 if stop.code is None else stop.code
    finally:
        os.chdir(before)
    return 0


def spoil(root, found, study, edits):
    """Write one study as build/STUDY, its first cell spoiled."""
    shutil.rmtree(root / "build", ignore_errors=True)
    for position, record in enumerate(found[study]):
        path = root / "build" / study / f"{position:03}.safetensors"
        if position or not edits:
            write(record, path)
            continue
        raw = Raw(record)
        for edit in edits:
            raw.edit(*edit)
        raw.write(path)


def is_one_sentence(code, capsys):
    """A documented code; a failure is one line and nothing else."""
    printed = capsys.readouterr()
    assert code in CODES and "Traceback" not in printed.err + printed.out
    if code >= 2:
        assert re.fullmatch(r"depthgauge: .*\n", printed.err), printed.err


class Page(HTMLParser):
    """The tags of a page, and the names of their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.handlers = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def is_harmless(text):
    """Two scripts and two blocks of data are the page's own (test_report_page)."""
    page = Page(text)
    assert page.tags.count("script") == 4 and page.handlers == []


@pytest.fixture(scope="module")
def tracked(place, tmp_path_factory):
    """A project with an empty tracking database, whose schema takes seconds to create."""
    from depthgauge.tracking.store import open_store

    root = tmp_path_factory.mktemp("tracked")
    shutil.copytree(place, root, dirs_exist_ok=True)
    open_store(root)
    return root


studies = st.sampled_from(STUDIES)


@few(60)
@given(studies, EDITS)
def test_judging(sound, place, capsys, study, edits):
    """Verdicts in strict JSON, all claims of them, or nothing at all."""
    shutil.rmtree(place / "results", ignore_errors=True)
    spoil(place, sound[0], study, edits)
    code = depthgauge(place, "judge")
    is_one_sentence(code, capsys)
    made = place / "results" / "claims.json"
    assert made.exists() == (code == 0)
    if code == 0:

        def refuse(word):
            raise AssertionError(word)

        assert len(json.loads(made.read_text(), parse_constant=refuse)) == len(sound[1])


@few(12)
@given(studies.filter(lambda name: name in QUICKLY_DRAWN), EDITS)
def test_reporting(sound, place, capsys, study, edits):
    """The page has no tag, script or handler but its own, whatever a record says."""
    shutil.rmtree(place / "results", ignore_errors=True)
    spoil(place, sound[0], study, edits)
    (place / "results").mkdir()
    (place / "results" / "claims.json").write_text(json.dumps(sound[1][:20]))
    code = depthgauge(place, "report")
    is_one_sentence(code, capsys)
    page = place / "results" / "report.html"
    assert page.exists() == (code == 0)
    if code == 0:
        is_harmless(page.read_text("utf-8"))


@few(12)
@given(st.lists(PLACES, min_size=2, max_size=2), st.one_of(VALUES, st.sampled_from(WORDS)))
def test_reporting_odd_verdicts(sound, place, capsys, places, value):
    """The same of a list of verdicts; the records are sound."""
    spoil(place, sound[0], "glorot_svm", [])
    (place / "results").mkdir(exist_ok=True)
    verdicts = replaced(sound[1][:8], places, value)
    (place / "results" / "claims.json").write_text(json.dumps(verdicts))
    code = depthgauge(place, "report")
    is_one_sentence(code, capsys)
    if code == 0:
        is_harmless((place / "results" / "report.html").read_text("utf-8"))


@few(60)
@given(st.lists(PLACES, min_size=1, max_size=3), st.one_of(VALUES, st.sampled_from(WORDS)))
def test_claims_and_comparing_odd_verdicts(sound, place, capsys, places, value):
    """Printed and compared, or refused; also what another version wrote."""
    (place / "results").mkdir(exist_ok=True)
    for name, verdicts in (("claims", replaced(sound[1], places, value)), ("sound", sound[1])):
        (place / "results" / f"{name}.json").write_text(json.dumps(verdicts))
    is_one_sentence(depthgauge(place, "claims"), capsys)
    is_one_sentence(
        depthgauge(place, "compare", "results/claims.json", "results/sound.json"), capsys
    )


@few(40)
@given(studies, EDITS)
def test_comparing(sound, place, capsys, study, edits):
    """A spoiled study beside the sound one."""
    shutil.rmtree(place / "sound", ignore_errors=True)
    spoil(place, sound[0], study, [])
    (place / "build" / study).rename(place / "sound")
    spoil(place, sound[0], study, edits)
    is_one_sentence(depthgauge(place, "compare", f"build/{study}", "sound"), capsys)


@few(6)
@given(studies.filter(lambda name: name in QUICKLY_DRAWN), EDITS)
def test_tracking(sound, tracked, capsys, study, edits):
    """Runs and curves, or a sentence; the database answers afterwards."""
    spoil(tracked, sound[0], study, edits)
    is_one_sentence(depthgauge(tracked, "track"), capsys)
    with closing(sqlite3.connect(tracked / "mlflow.db")) as connection:
        assert connection.execute("select count(*) from runs").fetchone()


@few(60)
@given(st.one_of(st.sampled_from(WORDS), st.text(max_size=20)), st.sampled_from(WORDS))
def test_showing(place, capsys, name, split):
    """A name is a data set's, or refused; it never becomes a path."""
    is_one_sentence(depthgauge(place, "show", f"dataset={name}", f"split={split}"), capsys)
