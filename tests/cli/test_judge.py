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


def record(steps=150_000, seeds=5):
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
    assert counts["nielsen"]["holds"] == 1
    assert sum(sum(source.values()) for source in counts.values()) == len(claims)
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
        (["--build", "{build}", "seeds=3"], 2, "seeds=3 will not do"),
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
