"""A night's training: goes on where it stopped, keeps what is finished, is judged as it stands."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from recomputed_steps import first_steps

from depthgauge.datasets.prepare import prepare
from depthgauge.datasets.prepared import load, path_of
from depthgauge.errors import DataError
from depthgauge.records import read, read_study
from depthgauge.store.state import CELLS

ROOT = Path(__file__).parents[2]
KEPT = sorted((ROOT / "results/overnight/records").glob("*/*.safetensors"))
SMALL = ("hidden=[6,5]", "steps=60", "evaluation.every=20", "evaluation.images=0", "train_size=200")


@pytest.fixture
def night(project, depthgauge):
    """The program, with grids of small nets on a small data set, trained in this process."""
    spec = importlib.util.spec_from_file_location("night", ROOT / "showcase/overnight.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    small = [*SMALL, "tracking=false"]
    found.RATES = (*found.RATES, "model=tanh,softsign", *small)
    found.ERRORS = (*found.ERRORS, "model=tanh,softsign", "seeds=2", *small)
    stream = ("study=glorot_saturation", "scale=overnight", "dataset=mnist", "model=tanh,tanh_n")
    found.STREAM = (*stream, "dataset.stream=false", "signal.images=50", *small)

    def train(words):
        code, _, complaints = depthgauge("train", *words)
        assert code == 0, complaints

    found.train = train
    return found


@pytest.mark.slow
def test_a_night_is_kept_judged_and_gone_on_with(night):
    """Rates from stage 2, records, their origins and claims; a second night trains nothing."""
    night.main([])
    folder = night.KEPT
    errors = read_study(folder / "records/glorot_error")
    assert [cell.attrs["axes"]["model"] for cell in errors] == ["tanh", "softsign"]
    assert len(read_study(folder / "records/glorot_saturation")) == 2
    first = night.rate_searches()
    for cell in errors:
        tried = first[cell.attrs["axes"]["model"]]
        last = tried["accuracy_validation"].values[:, -1]
        best = tried["learning_rate"].values[last == last.max()].min()
        assert set(cell["learning_rate"].values) == {best} and cell.sizes["replica"] == 2
        assert cell.attrs["rates_searched"] == sorted(tried["learning_rate"].values)
    claims = json.loads((folder / "claims.json").read_text())
    assert {(each["study"], each["dataset"]) for each in claims} == {
        ("glorot_error", "mnist"),
        ("glorot_saturation", "shapeset"),
    }
    assert json.loads((folder / "progress.json").read_text()) == {
        "stream": {"model=tanh": "3 of 3", "model=tanh_n": "3 of 3"},
        "rates": {"model=tanh": "7 of 7", "model=softsign": "5 of 5"},
        "errors": {"model=tanh": "2 of 2", "model=softsign": "2 of 2"},
    }
    origin = json.loads((folder / "origins.json").read_text())
    assert set(origin) == {"glorot_error", "glorot_saturation"}
    assert all(each["commit"] and each["records"] for each in origin.values())
    (folder / "claims.json").unlink()
    night.main(["--judge"])
    assert json.loads((folder / "claims.json").read_text()) == claims
    stamps = {path: path.stat().st_mtime_ns for path in CELLS.glob("*/record.safetensors")}
    night.main([])
    assert stamps == {path: path.stat().st_mtime_ns for path in CELLS.glob("*/record.safetensors")}


def test_the_shortest_stage_is_trained_first_and_kept_at_once(night, monkeypatch):
    """A night that ends early leaves the stream's records; what was kept follows each stage."""
    done = []
    monkeypatch.setattr(night, "train", lambda words: done.append(words[0] + " " + words[1]))
    monkeypatch.setattr(night, "keep", lambda: done.append("keep"))
    night.main([])
    assert done == [
        *("study=glorot_saturation scale=overnight", "keep"),
        *("study=glorot_error scale=overnight_rates", "keep"),
        *("study=glorot_error scale=overnight", "keep"),
    ]


@pytest.mark.slow
def test_part_of_a_stage_is_kept_and_what_is_missing_is_said(night, capsys):
    """Two networks of one model, one of a second, while the other stages have no data set yet."""
    night.train([*night.STREAM, "seeds=2"])
    second = night.plan_of(night.STREAM)[1].cell.blocks[1]
    shutil.rmtree(CELLS / second.key)
    night.RATES = ("study=glorot_error", "scale=overnight_rates", "dataset=cifar10")
    night.main(["--keep"])
    assert "the data set cifar10 is not prepared" in capsys.readouterr().out
    tanh, tanh_n = read_study(night.KEPT / "records/glorot_saturation")
    assert list(tanh["seed"].values) == [0, 1] and list(tanh_n["seed"].values) == [0]
    assert json.loads((night.KEPT / "progress.json").read_text()) == {
        "stream": {"model=tanh": "2 of 3", "model=tanh_n": "1 of 3"},
        "rates": {"all": "not begun"},
        "errors": {"all": "not begun"},
    }
    origin = json.loads((night.KEPT / "origins.json").read_text())
    assert origin["glorot_saturation"]["blocks"] == 3
    claims = json.loads((night.KEPT / "claims.json").read_text())
    reasons = {each["reason"] for each in claims if each["study"] == "glorot_error"}
    assert reasons == {"not run: there is no record of glorot_error"}
    assert {each["verdict"] for each in claims} == {"inconclusive"}


def test_nothing_is_kept_of_a_night_that_finished_nothing(night, capsys):
    """One sentence; an earlier night's files stay as they are."""
    night.main(["--keep"])
    assert capsys.readouterr().out == (
        "no network of the first or third stage is finished, so nothing is kept\n"
    )
    assert not night.KEPT.exists()


TINY = [
    *("study=nielsen_capacity", "scale=smoke", "model=frozen", "hidden=[5,4]", "steps=300"),
    *("seeds=2", "train_size=500", "evaluation.every=50", "tracking=false"),
    "out=build/nielsen_capacity",
]


def test_the_first_200_steps_of_a_record_are_computed_again(project, depthgauge, tmp_path):
    """Bit for bit what a training of 300 steps recorded by then, of its second replica."""
    assert depthgauge("train", *TINY)[0] == 0
    record = read(project / "build/nielsen_capacity/000.safetensors")
    data = load(project, "mnist")
    found = first_steps(record, data, 200, 1, tmp_path)
    assert {"accuracy_validation", "bias_gradient_norm"} <= set(found)
    assert len(found["accuracy_validation"][0]) == 5
    for name, (then, now) in found.items():
        np.testing.assert_array_equal(then, now, err_msg=name)
    other = record.assign_attrs(config={**record.attrs["config"], "activation": "tanh"})
    then, now = first_steps(other, data, 200, 1, tmp_path)["probe_cost"]
    assert not np.allclose(then, now, rtol=1e-3)


def test_another_data_set_is_refused(project, tiny_mnist, tmp_path):
    """A record says which bytes it was trained on."""
    record = read(KEPT[0]) if KEPT else _empty()
    with pytest.raises(DataError, match="was trained on other data than mnist here"):
        first_steps(record, tiny_mnist, 10, 0, tmp_path)


def _empty():
    import xarray as xr

    return xr.Dataset(attrs={"label": "a cell", "data": {"name": "mnist", "hash": "another"}})


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A folder with Shapeset, which needs no download."""
    root = tmp_path_factory.mktemp("generated")
    prepare(root, "shapeset")
    return root


@pytest.mark.slow
@pytest.mark.parametrize("path", KEPT, ids=lambda path: "/".join(path.parts[-2:]))
def test_kept_records_begin_as_they_did(path, generated, tmp_path):
    """The first 200 steps of one network, to the rounding of another machine's instructions."""
    record = read(path)
    name = record.attrs["data"]["name"]
    if name != "shapeset" and not path_of(ROOT, name).exists():
        pytest.skip(f"{name} is not prepared in this checkout")
    data = load(generated if name == "shapeset" else ROOT, name)
    found = first_steps(record, data, 200, 0, tmp_path)
    assert found
    for name, (then, now) in found.items():
        # one of 300,000 activations in the next bin of a histogram is 3e-6
        np.testing.assert_allclose(now, then, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.skipif(not KEPT, reason="no night has been kept")
def test_kept_verdicts_are_those_of_the_kept_records():
    """Judged again from what is in git."""
    spec = importlib.util.spec_from_file_location("night", ROOT / "showcase/overnight.py")
    night = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(night)
    committed = json.loads((ROOT / "results/overnight/claims.json").read_text(encoding="utf-8"))
    assert committed == json.loads(
        night.as_json(night.verdicts(ROOT / "results/overnight/records"))
    )
