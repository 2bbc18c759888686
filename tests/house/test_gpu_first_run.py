"""bench/gpu_first_run.py rehearsed on the CPU: its files, its failures, its time limit."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

import fig11
import gpu_first_run
from first_run_parts import BROKEN, Run, run_checks
from test_bare_machine import MISSING, WITHOUT

from depthgauge.records import read_study

ROOT = Path(__file__).parents[2]
REFUSED = [*MISSING, "pytest"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An environment in which python finds little more than torch, Lightning and numpy."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(WITHOUT.replace(repr(MISSING), repr(REFUSED)))
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def rehearse(out, environment, *words):
    words = [str(ROOT / "bench" / "gpu_first_run.py"), "--out", str(out), *words]
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def rehearsed(bare, tmp_path_factory):
    """A whole rehearsal: (its folder, what the process said)."""
    out = tmp_path_factory.mktemp("first") / "run"
    return out, rehearse(out, bare, "--rehearse", "--minutes", "5")


@pytest.mark.slow
def test_a_rehearsal_leaves_small_files(rehearsed):
    """Without Numba or pytest; every check, rate and model is in its file."""
    out, said = rehearsed
    assert said.returncode == 0, said.stderr + (out / "log.txt").read_text()
    assert {each.name for each in out.iterdir()} == {
        *("log.txt", "checks.json", "rates.json", "fig11.json", "records"),
    }
    for name, count in (("checks", 13 + 27), ("rates", 2), ("fig11", 6)):
        found = json.loads((out / f"{name}.json").read_text())
        assert len(found) == count and {each["state"] for each in found.values()} == {"passed"}
    assert sum(each.stat().st_size for each in out.rglob("*.*")) < 1_000_000


@pytest.mark.slow
def test_its_records_are_a_studys(rehearsed):
    """All six, to the last update, with evaluations on the way and their provenance."""
    out, _ = rehearsed
    records = read_study(out / "records")
    assert [each.attrs["axes"]["model"] for each in records] == list(fig11.MODELS)
    for record in records:
        assert record.evaluation_step.values.tolist() == list(range(0, 301, 50))
        assert record.attrs["config"]["steps"] == 300 and record.attrs["code"]


def test_the_rates_are_the_pages():
    """Those of conf/study/glorot_saturation.yaml, which its comment names as their source."""
    page = yaml.safe_load((ROOT / "conf" / "study" / "glorot_saturation.yaml").read_text())
    for name, model in fig11.MODELS.items():
        there = page["models"]["softsign" if name == "softsign_n" else name]
        rate, hidden = ({**page, **there}[key] for key in ("learning_rate", "hidden"))
        assert model.rate == rate and hidden == f"${{repeat:1000,{model.depth}}}"
        assert model.activation == {**page, **there}["activation"]


IMPORTS = """
import ast, sys
from pathlib import Path
import fig11, first_run_parts, gpu, gpu_checks, diagnosis_checks
files = {str(getattr(each, "__file__", "")) for each in sys.modules.values()}
own = [Path(each) for each in files if "site-packages" not in each and each.startswith(ROOT)]
named = set()
for path in own:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            named |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module.partition(".")[0])
print(*named - sys.stdlib_module_names - {path.stem for path in own})
"""


def test_what_it_asks_for_is_what_the_sources_import():
    """Beside what comes with those packages, and what is imported where it is used."""
    program = IMPORTS.replace("ROOT", repr(str(ROOT)))
    folders = [str(ROOT / each) for each in ("src", "bench", "tests/gpu")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    words = [sys.executable, "-c", program]
    found = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    own = {"depthgauge", "lightning_fabric"}
    assert set(found.stdout.split()) - own == set(gpu_first_run.NEEDED)


def test_without_a_package_one_sentence_says_how_to_bring_it(bare, tmp_path):
    """Before anything is written."""
    text = (Path(bare["PYTHONPATH"]) / "sitecustomize.py").read_text()
    (tmp_path / "sitecustomize.py").write_text(text.replace("'pytest'", "'xarray', 'jaxtyping'"))
    said = rehearse(tmp_path / "out", {**bare, "PYTHONPATH": str(tmp_path)}, "--rehearse")
    assert said.returncode == 4 and said.stderr.count("\n") == 1
    assert "pip install xarray jaxtyping" in said.stderr and not (tmp_path / "out").exists()


def run_in(folder, call=1.0, seconds=60.0):
    return Run(folder / "checks.json", call, time.time() + seconds, "cpu")


def wrong(device, folder):
    raise AssertionError("2 is not 3")


def test_a_failing_check_is_logged_and_the_rest_goes_on(tmp_path, capsys):
    """A later call tries it again, and nothing else."""
    calls = []
    checks = {"first": wrong, "second": lambda device, folder: calls.append(device)}
    assert not run_checks(checks, run_in(tmp_path))
    assert "Traceback" in capsys.readouterr().out
    found = json.loads((tmp_path / "checks.json").read_text())
    assert found["first"]["error"] == "AssertionError: 2 is not 3" and calls == ["cpu"]
    assert found["second"]["state"] == "passed"
    checks["first"] = checks["second"]
    assert run_checks(checks, run_in(tmp_path, call=2.0)) and calls == ["cpu", "cpu"]


def test_a_broken_context_asks_for_a_new_process(tmp_path, monkeypatch):
    """Which goes on behind the check that broke it."""
    calls = []
    checks = {"first": wrong, "second": lambda device, folder: calls.append(device)}
    run = run_in(tmp_path)
    run.device = "meta"  # it answers no .item(), as a broken GPU does not
    with pytest.raises(SystemExit) as stop:
        run_checks(checks, run)
    assert stop.value.code == BROKEN and not calls
    run_checks(checks, run_in(tmp_path))
    assert calls == ["cpu"]


@pytest.fixture
def data():
    return fig11.splits("cpu", 60)


def train(leg, seconds, data, out):
    return fig11.train_model("tanh", leg, time.time() + seconds, "cpu", data, out)


def test_a_second_call_resumes_to_the_same_record(tmp_path, data):
    """Stopped by the clock amid, then ended: bit for bit that of one go, and no step twice."""
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for each in (whole, parted):
        each.mkdir()
    train(300, 60, data, whole)
    assert train(300, 0, data, parted)["updates"] == 100  # one chunk, and the time is over
    assert fig11.updates(parted, "tanh") == 100
    assert train(300, 60, data, parted)["updates"] == 300
    one, other = (fig11.record_path(each, "tanh").read_bytes() for each in (whole, parted))
    assert one == other


def test_a_record_that_ends_early_is_that_of_so_many_updates(tmp_path, data):
    """Its key, its schedule and its numbers are those of a training of 150 updates."""
    train(100, 60, data, tmp_path)
    (found,) = read_study(tmp_path / "records")
    assert found.evaluation_step.values.tolist() == [0, 50, 100, 150]
    block = fig11.block_of("tanh", "cpu", data)
    short = fig11.keyed(fig11.replace(block.experiment, steps=150), block.replicas, data, "cpu")
    instruments = fig11.build_instruments(short.experiment, data)
    none = fig11.Checkpoint(tmp_path / "none", short.key, instruments, 1e9)
    alone = fig11.train_block(fig11.build_module(short, data), short, "cpu", none)
    assert found.attrs["key"] == short.key
    np.testing.assert_array_equal(found.accuracy_test, alone.accuracy_test)
    np.testing.assert_array_equal(found.cost_validation, alone.cost_validation)


def test_what_hangs_is_killed_at_the_limit(tmp_path, monkeypatch):
    """Its code is that of `timeout`, and the parts after it have their turn."""
    hangs = tmp_path / "first_run_parts.py"
    hangs.write_text(
        "import sys, time\nif sys.argv[1] == 'checks': time.sleep(600)\nprint(sys.argv[1], 'ran')\n"
    )
    monkeypatch.setattr(gpu_first_run, "__file__", str(tmp_path / "gpu_first_run.py"))
    asked = gpu_first_run.argparse.Namespace(out=tmp_path, minutes=0.1, rehearse=True)
    start = time.monotonic()
    codes = gpu_first_run.run_parts(asked)
    assert codes == {"checks": 124, "rates": 0, "fig11": 0} and time.monotonic() - start < 300
    assert "fig11 ran" in (tmp_path / "log.txt").read_text()
