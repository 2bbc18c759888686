"""`depthgauge compare`, `claims` and `show`: what they print, and their exit codes."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from depthgauge.datasets.prepared import Split, assemble, path_of, write
from depthgauge.records import write as write_record
from depthgauge.studies.registry import CLAIMS as REGISTER

ROOT = Path(__file__).parents[2]
CLAIMS = ROOT / "results/claims.json"
RULES = {claim.id: claim.rule for claim in REGISTER}


def committed():
    """The committed verdicts on claims that the register still has, by their rules' kind."""
    verdicts = json.loads(CLAIMS.read_text())
    kept = [each for each in verdicts if each["id"] in RULES]
    return [{**each, "kind": str(RULES[each["id"]].kind)} for each in kept]


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A project with the committed verdicts."""
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "results").mkdir()
    (tmp_path / "results/claims.json").write_text(json.dumps(committed()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def altered(folder, alter):
    verdicts = committed()
    alter(verdicts)
    (folder / "other.json").write_text(json.dumps(verdicts))
    return str(folder / "other.json")


def test_the_same_claims_are_the_same(judged, depthgauge, monkeypatch):
    """Exit code 0; the first side may come through a pipe."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(committed())))
    code, out, _ = depthgauge("compare", "-", "results/claims.json")
    assert code == 0 and "0 added, 0 removed, 0 verdicts changed" in out


def test_a_number_within_its_interval_is_chance_and_one_far_away_is_not(judged, depthgauge):
    """The accuracy of one hidden layer, 96.53 with a spread of 0.16: 96.6 may be, 97.6 not."""

    def moved(by):
        def alter(verdicts):
            first = verdicts[0]
            first["measured"] += by
            first["interval"] = [end + by for end in first["interval"]]
            first["values"] = [value + by for value in first["values"]]

        return alter

    code, out, _ = depthgauge("compare", "results/claims.json", altered(judged, moved(0.07)))
    assert code == 0 and "0 numbers changed beyond chance, 1 within chance" in out
    code, out, _ = depthgauge("compare", "results/claims.json", altered(judged, moved(1.1)))
    assert code == 1 and "nielsen.accuracy.h1" in out and "the number, beyond chance" in out


def test_claims_added_removed_or_with_another_verdict_are_listed(judged, depthgauge):
    """Each in its own row; exit code 1."""

    def alter(verdicts):
        gone = verdicts.pop(5)
        verdicts.append({**gone, "id": "mine.new"})
        verdicts[1]["verdict"] = "fails"

    code, out, _ = depthgauge("compare", "results/claims.json", altered(judged, alter))
    assert code == 1 and "1 added, 1 removed, 1 verdicts changed" in out
    assert "only in A" in out and "only in B" in out and "holds -> fails" in out


@pytest.mark.parametrize(
    ("sides", "code", "sentence"),
    [
        (("results/claims.json", "nosuch"), 3, "nosuch does not exist"),
        (("results/claims.json", "results"), 3, "contains neither records"),
        (("results/claims.json", "results/claims.json", "x=1"), 2, "takes no key=value"),
        (("dvc.yaml", "dvc.yaml"), 3, "dvc.yaml is not a list of verdicts"),
    ],
)
def test_what_cannot_be_compared_is_named(sides, code, sentence, judged, depthgauge):
    """One sentence and its exit code."""
    found, _, err = depthgauge("compare", *sides)
    assert found == code and sentence in err and err.count("\n") == 1


def record(folder, values, label="one cell"):
    seeds = np.arange(len(values))
    made = xr.Dataset(
        {
            "accuracy_test": (("replica", "evaluation_step"), values[:, None].astype(np.float32)),
            "diverged_at": ("replica", np.full(len(seeds), -1)),
        },
        {"seed": ("replica", seeds), "learning_rate": ("replica", np.full(len(seeds), 0.1)),
         "evaluation_step": [10]},
        {"study": "nielsen_accuracy", "scale": "quick", "label": label, "axes": {}, "position": 0,
         "config": {"steps": 10}, "data": {"name": "mnist", "hash": "x"}, "cell": "k"},
    )  # fmt: skip
    write_record(made, folder / "000.safetensors")


def test_records_bit_for_bit_then_within_chance_then_beyond(tmp_path, depthgauge):
    """The same seeds: equal, moved by rounding, and all moved by a tenth of their spread."""
    accuracy = np.random.default_rng(0).normal(0.96, 0.01, 10)
    for name, shift in (("a", 0), ("b", 0), ("c", 1e-7), ("d", 1e-3)):
        record(tmp_path / name, accuracy + shift)
    a, b, c, d = (str(tmp_path / name) for name in "abcd")
    code, out, _ = depthgauge("compare", a, b)
    assert code == 0 and out.startswith("2 variables agree bit for bit (10 and 10 seeds, the same")
    code, out, _ = depthgauge("compare", a, c)
    assert code == 0 and "1 differ within chance" in out
    code, out, _ = depthgauge("compare", f"{a}/000.safetensors", f"{d}/000.safetensors")
    assert code == 1 and "evaluation_step=10" in out and "1 differ beyond chance" in out


def test_folders_of_studies_are_compared_one_by_one(tmp_path, depthgauge):
    """A study, a cell, on one side only is a change."""
    record(tmp_path / "old/first", np.linspace(0, 1, 9))
    record(tmp_path / "new/first", np.linspace(0, 1, 9), label="another cell")
    record(tmp_path / "new/second", np.linspace(0, 1, 9))
    code, out, _ = depthgauge("compare", str(tmp_path / "old"), str(tmp_path / "new"))
    assert code == 1 and "second: only in" in out


def test_claims_are_counted_first_and_can_be_chosen(judged, depthgauge):
    """By source, study and verdict; a name that no claim has is refused with those there are."""
    verdicts = committed()
    code, out, _ = depthgauge("claims")
    assert code == 0 and out.startswith(f"{len(verdicts)} claims: ")
    fails = [each["id"] for each in verdicts if each["verdict"] == "fails"]
    code, out, _ = depthgauge("claims", "--verdict", "fails")
    assert out.startswith(f"{len(fails)} of {len(verdicts)} claims: 0 hold, {len(fails)} fail")
    assert all(name in out for name in fails) and "by chance" not in out
    assert "by chance" in depthgauge("claims")[1]
    assert "by chance" not in depthgauge("claims", "--verdict", "holds")[1]
    code, out, _ = depthgauge("claims", "--source", "milman", "study=bounds")
    assert set(re.findall(r"^ ([a-z]+)\.", out, re.M)) == {"milman"}
    code, _, err = depthgauge("claims", "study=nosuch")
    assert code == 2 and "nielsen_accuracy" in err


def shown_on_a_terminal(columns, **environment):
    """What `depthgauge claims` writes to a terminal so wide."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "depthgauge.cli", "claims", "study=nielsen_accuracy"]
    environ = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=theirs, env=environ):
        os.close(theirs)
        shown = b""
        try:
            while some := os.read(ours, 4096):
                shown += some
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    return shown.decode()


def test_a_terminal_has_colours_and_no_line_is_wider(judged, depthgauge, monkeypatch):
    """NO_COLOR and a pipe have none (https://no-color.org)."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
    shown = shown_on_a_terminal(60)
    assert colour.search(shown)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    table = [line for line in plain.splitlines() if line.startswith(" ")]
    assert len(table) > 10 and max(map(len, table)) <= 60
    assert not colour.search(shown_on_a_terminal(60, NO_COLOR="1"))
    assert "\x1b" not in depthgauge("claims")[1]


@pytest.fixture
def colourful(tmp_path, monkeypatch):
    """A project with a data set of two classes in colour, the second red and absent from test."""
    images = np.zeros((6, 3, 4, 4), np.uint8)
    images[3:, 0] = 255
    both = Split(images.reshape(6, 48), np.array([0, 0, 0, 1, 1, 1], np.uint8))
    dark = Split(both.images[:3], both.labels[:3])
    data = assemble("paint", (3, 4, 4), ("dark", "red"), {
        "train": both, "validation": both, "test": dark,
    })  # fmt: skip
    write(data, path_of(tmp_path, "paint"))
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return data


def test_a_sheet_shows_each_class_in_its_row(colourful, depthgauge):
    """The path is printed; pixels are the images', the paper is white."""
    code, out, _ = depthgauge("show", "dataset=paint", "samples=2")
    path = Path(out.strip())
    assert code == 0 and path == Path.cwd() / "data/sheets/paint_train.png"
    pixels = np.asarray(Image.open(path))
    red = (pixels == (255, 0, 0)).all(axis=2)
    black = (pixels[60:] == 0).all(axis=2)
    assert red.sum() == 2 * 72 * 72 and black.sum() >= 2 * 72 * (72 - 40)
    assert red.any(axis=1).argmax() > black.any(axis=1).argmax() + 60 - 72
    assert depthgauge("show", "dataset=paint", "split=test")[0] == 0  # a row without images


def test_a_sheet_replaces_a_sheet_and_nothing_else(colourful, depthgauge):
    """Another file at its path is left as it is."""
    Path("mine.png").write_bytes(b"my thesis")
    code, _, err = depthgauge("show", "dataset=paint", "--out", "mine.png")
    assert code == 2 and "mine.png exists and is not a contact sheet" in err
    assert Path("mine.png").read_bytes() == b"my thesis"
    for _ in range(2):
        assert depthgauge("show", "dataset=paint", "--out", "sheet.png")[0] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["dataset=nosuch"], 2),
        (["dataset=mnist"], 3),
        (["dataset=paint", "split=all"], 2),
        (["dataset=paint", "samples=0"], 2),
    ],
)
def test_a_sheet_that_cannot_be_drawn_is_one_sentence(words, code, colourful, depthgauge):
    """With the exit code of a wrong word, or of missing data."""
    found, _, err = depthgauge("show", *words)
    assert found == code and err.startswith("depthgauge: ") and err.count("\n") == 1
