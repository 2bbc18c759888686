"""`depthgauge judge` reads records, writes verdicts, prints them, and loads no torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from depthgauge.cli.judge import as_json
from depthgauge.cli.main import main
from depthgauge.records import write

KNOWN = "nielsen.accuracy.h1"


def record(steps=150_000, seeds=20):
    """A record of the net with one hidden layer."""
    accuracy = 0.9648 + 0.001 * np.linspace(-1, 1, seeds)
    return xr.Dataset(
        {
            "accuracy_validation": (("replica", "evaluation_step"), accuracy[:, None]),
            "diverged_at": ("replica", np.full(seeds, -1)),
        },
        {
            "seed": ("replica", np.arange(seeds)),
            "learning_rate": ("replica", np.full(seeds, 0.1)),
            "evaluation_step": [steps],
        },
        {
            "study": "nielsen_accuracy",
            "scale": "quick",
            "label": "hidden=[30]",
            "axes": {"hidden": [30]},
            "config": {"hidden": [30], "steps": steps},
            "position": 0,
            "data": {"name": "mnist", "hash": "x"},
        },
    )


@pytest.fixture
def build(tmp_path):
    write(record(), tmp_path / "build" / "nielsen_accuracy" / "000.safetensors")
    return tmp_path / "build"


def judge(build):
    results = build.parent / "results"
    main(["judge", "--build", str(build), "--results", str(results)])
    return results


def test_verdicts_and_counts_are_written(build, capsys):
    """claims.json lists every claim, metrics.json counts the verdicts, the table is printed."""
    results = judge(build)
    claims = json.loads((results / "claims.json").read_text())
    found = {each["id"]: each for each in claims}
    assert found[KNOWN]["verdict"] == "holds"
    counts = json.loads((results / "metrics.json").read_text())
    numbers = counts.pop("measured")
    assert counts["nielsen"]["holds"] == 1
    assert sum(sum(source.values()) for source in counts.values()) == len(claims)
    expected = {
        each["id"]: each["measured"]
        for each in claims
        if each["unit"] in ("%", "ratio of speeds") and each["measured"] is not None
    }
    assert expected and numbers == expected
    printed = capsys.readouterr().out
    assert KNOWN in printed
    assert "\x1b" not in printed  # plain when piped
    assert "Of 1 published numbers" in printed


def test_judging_again_writes_the_same_bytes(build):
    """The same records give the same file, one line a key."""
    first = (judge(build) / "claims.json").read_bytes()
    second = (judge(build) / "claims.json").read_bytes()
    assert first == second
    assert b'\n    "verdict": "holds",\n' in first


def test_a_written_list_reads_back_as_it_was():
    """The line-by-line layout is still JSON."""
    verdicts = [{"a": 1, "b": [1, 2], "c": None, "d": 'σ "x"'}, {"a": 2}]
    assert json.loads(as_json(verdicts)) == verdicts


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--build", "{empty}"], 3, "no records in"),
        (["--build", "{build}", "seeds=3"], 2, "unknown word 'seeds=3'"),
    ],
)
def test_bad_input_gets_a_sentence(build, tmp_path, capsys, words, code, expected):
    """Nothing to judge, or a key that judge does not have: one sentence, nothing written."""
    folders = {"build": build, "empty": tmp_path / "nowhere"}
    results = tmp_path / "results"
    arguments = [word.format(**folders) for word in words]
    with pytest.raises(SystemExit) as stopped:
        main(["judge", "--results", str(results), *arguments])
    assert stopped.value.code == code
    assert expected in capsys.readouterr().err
    assert not results.exists()


def test_a_damaged_record_is_named(build, capsys):
    """A truncated file stops the stage with its name; nothing is written."""
    path = build / "nielsen_accuracy" / "000.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SystemExit) as stopped:
        judge(build)
    assert stopped.value.code == 3
    assert "000.safetensors is damaged" in capsys.readouterr().err
    assert not (build.parent / "results").exists()


def test_a_folder_of_no_claim_is_not_read(build):
    """A user's own study, here with a broken record: the verdicts are those of the others."""
    alone = (judge(build) / "claims.json").read_bytes()
    (build / "own").mkdir()
    (build / "own" / "000.safetensors").write_bytes(b"broken")
    assert (judge(build) / "claims.json").read_bytes() == alone


def test_judging_needs_no_training_library(build):
    """A fresh interpreter that judges has loaded neither torch nor Lightning nor MLflow."""
    program = (
        "import sys; from depthgauge.cli.main import main;"
        f"main(['judge', '--build', {str(build)!r}, '--results', {str(build.parent / 'out')!r}]);"
        "print([name for name in ('torch', 'pytorch_lightning', 'mlflow', 'hydra')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("[]")


MINE = """
source: A. Author, a note (2026)
readers: [my_readers_of_records]
shared: {cite: Author 2026, study: nielsen_accuracy, figure: "", updates: 0}
groups:
- claims:
  - id: mine.above_ninety
    nature: sentence
    quote: it works
    statement: The net classifies more than 90 %
    cells: [{hidden: 30 x 1}]
    estimate: {my_readers_of_records.above: {percent: 90}}
    rule: mostly
    unit: fraction of seeds
  - id: mine.number
    nature: number
    statement: The net classifies {published:.2f} %
    cells: [{hidden: 30 x 1}]
    estimate: accuracy.one_accuracy
    rule: {published_number: {scale: logit}}
    unit: "%"
    published: 96.4
"""

READERS = """
from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import final_accuracy, flags
from depthgauge.claims.statistics import Values


def above(cells: Cells, percent: float) -> Values:
    accuracy = final_accuracy(cells[0], "validation")
    return flags(accuracy > percent, accuracy)
"""


def test_a_register_of_ones_own_is_judged_alone(build, tmp_path, capsys, monkeypatch):
    """Its readers are imported from the working folder; results/ is not touched."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "my_readers_of_records.py").write_text(READERS)
    main(["judge", "--build", str(build), "--claims", "mine.yaml"])
    text = capsys.readouterr().out
    assert "2 claims: 2 hold" in text and "mine.above_ninety" in text and KNOWN not in text
    assert not (tmp_path / "results").exists()
    main(["judge", "--build", str(build), "--claims", "mine.yaml", "--results", "own"])
    found = json.loads((tmp_path / "own" / "claims.json").read_text())
    assert [(each["id"], each["verdict"]) for each in found] == [
        ("mine.above_ninety", "holds"),
        ("mine.number", "holds"),
    ]
    assert found[0]["values"] == [1] and found[0]["n"] == 20


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("my_readers_of_records]", "nowhere_at_all]", "`readers` a module that cannot be imported"),
        ("[my_readers_of_records]", "my_readers_of_records", "`readers` is a list of modules"),
        ("above: {percent", "abov: {percent", "estimate names my_readers_of_records.abov"),
        ("rule: mostly", "rule: oftne", "rule is oftne, which is none of"),
    ],
)
def test_a_mistake_in_it_is_one_sentence(build, tmp_path, capsys, monkeypatch, old, new, sentence):
    """Exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE.replace(old, new))
    (tmp_path / "my_readers_of_records.py").write_text(READERS)
    with pytest.raises(SystemExit) as stopped:
        main(["judge", "--build", str(build), "--claims", "mine.yaml", "--results", "own"])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "own").exists()
