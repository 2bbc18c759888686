"""A block is computed once, by one process, and kept whole."""

import gc
import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
from filelock import FileLock

from depthgauge.config import Config
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.records import read, write
from depthgauge.store.state import BlockState, State, inspect
from depthgauge.training import cell, descent
from depthgauge.training.cell import build_cell, compute_block, finished, record_path
from depthgauge.training.descent import work
from depthgauge.training.environment import require_neutral_environment
from depthgauge.training.module import ReplicaModule


@pytest.fixture
def block(experiment):
    config = Config(**{**vars(replace(experiment, steps=40)), "learning_rate": 0.3, "seeds": 2})
    return build_cell(config, "data", "cpu").blocks[0]


def nothing(block, steps):
    return []


def test_a_finished_block_is_not_computed_again(block, small_data, tmp_path):
    """The second call does not even ask for callbacks; no checkpoint is left."""
    asked = []
    for _ in range(2):
        compute_block(block, small_data, "cpu", tmp_path, lambda *_: asked.append(1) or [])
    assert asked == [1]
    assert finished(tmp_path, block)
    names = {path.name for path in (tmp_path / block.key).iterdir()}
    assert names <= {"record.safetensors", "timing.json", "config.json", "lock"}


def test_the_record_holds_its_provenance_and_no_times(block, small_data, tmp_path):
    """Two computations give the same bytes; the timing is in a file of its own."""
    compute_block(block, small_data, "cpu", tmp_path / "one", nothing)
    compute_block(block, small_data, "cpu", tmp_path / "two", nothing)
    paths = [record_path(tmp_path / name, block) for name in ("one", "two")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    attrs = read(paths[0]).attrs
    images = len(small_data.test.labels)
    assert attrs["data"] == {"name": "small", "hash": small_data.hash, "test_images": images}
    assert attrs["config"]["hidden"] == [7, 6] and attrs["cell"] == block.cell
    timing = json.loads((tmp_path / "one" / block.key / "timing.json").read_text())
    assert timing["seconds"] > 0


def test_the_timing_is_of_the_work_of_all_replicas(block, small_data, tmp_path, monkeypatch):
    """From this clock's 100 to its 103.5 seconds; operations of two seeds."""
    clock = iter([100.0, 103.5])
    monkeypatch.setattr(cell, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    compute_block(block, small_data, "cpu", tmp_path, nothing)
    timing = json.loads((tmp_path / block.key / "timing.json").read_text())
    assert timing == {"seconds": 3.5, "work": 2 * work(block.experiment, small_data)}


def test_a_second_process_waits_and_says_so(block, small_data, tmp_path, capsys):
    """While somebody else computes the block; then it finds it done."""
    compute_block(block, small_data, "cpu", tmp_path, nothing)
    held = threading.Event()

    def somebody_else():
        with FileLock(tmp_path / block.key / "lock"):
            held.set()
            time.sleep(0.3)

    threading.Thread(target=somebody_else).start()
    assert held.wait(5)
    compute_block(block, small_data, "cpu", tmp_path, nothing)
    assert f"waiting for another process that computes {block.key}" in capsys.readouterr().err


def test_work_counts_the_multiplications(small_data, experiment):
    """6 per weight and example of a step, 6 per probe image, 2 per evaluated image."""
    weights = 25 * 7 + 7 * 6 + 6 * 3
    steps, images = 6 * 230 * 8, 6 * 30 * 13  # probe at 0, 20, ..., 220, 230
    evaluated = 2 * (120 + 50 + 37) * 3  # evaluated at 0, 115, 230
    assert work(experiment, small_data) == weights * (steps + images + evaluated)


def test_a_record_that_lacks_steps_is_not_finished(block, small_data, tmp_path, capsys):
    """As one of Lightning's fast_dev_run: it is named, removed and computed again."""
    compute_block(block, small_data, "cpu", tmp_path, nothing)
    path = record_path(tmp_path, block)
    whole = path.read_bytes()
    write(read(path).isel(gradient_step=slice(2)), path)
    assert not finished(tmp_path, block)
    assert (
        inspect(path.parent).reason
        == "its record lacks steps (gradient_step ends at 20 of 40 steps)"
    )
    compute_block(block, small_data, "cpu", tmp_path, nothing)
    assert f"{path} lacks steps (gradient_step ends at 20 of 40" in capsys.readouterr().err
    assert path.read_bytes() == whole and finished(tmp_path, block)
    assert inspect(path.parent) == BlockState(State.done)


class Stop(pl.Callback):
    """Tell the Trainer to stop after the first chunk, as a callback or a setting may."""

    def on_train_batch_end(self, trainer, *_):
        trainer.should_stop = True


def test_training_that_ends_early_leaves_no_record(block, small_data, tmp_path):
    """Whatever ended it."""
    block = replace(block, experiment=replace(block.experiment, steps=230))
    with pytest.raises(DepthgaugeError, match="ended after 100 of 230 steps"):
        compute_block(block, small_data, "cpu", tmp_path, lambda *_: [Stop()])
    assert not record_path(tmp_path, block).exists()


def test_a_procedure_that_measures_too_little_leaves_no_record(
    block, small_data, tmp_path, monkeypatch
):
    """Its axes of steps must reach the last one."""
    does = descent.run
    monkeypatch.setattr(descent, "run", lambda task: does(task).isel(evaluation_step=[0]))
    with pytest.raises(DepthgaugeError, match=r"evaluation_step ends at 0 of 40 steps"):
        compute_block(block, small_data, "cpu", tmp_path, nothing)
    assert not record_path(tmp_path, block).exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PL_TRAINER_FAST_DEV_RUN", "1"),
        ("PL_TRAINER_NUM_NODES", "2"),
        ("PL_TRAINER_LIMIT_TRAIN_BATCHES", "1"),
        ("ONEDNN_DEFAULT_FPMATH_MODE", "BF16"),
    ],
)
def test_an_environment_that_changes_the_training_is_refused(
    name, value, block, small_data, tmp_path, monkeypatch
):
    """In a sentence that names the variable, before anything is written."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"the environment sets {name}, .*unset"):
        compute_block(block, small_data, "cpu", tmp_path / "cells", nothing)
    assert not (tmp_path / "cells").exists()


def test_variables_that_say_nothing_are_let_through():
    """Lightning takes an empty one for none; STRICT is what oneDNN does anyway."""
    require_neutral_environment(
        {"PL_TRAINER_DEVICES": "", "ONEDNN_DEFAULT_FPMATH_MODE": "strict", "PL_OTHER": "1"}
    )


def test_a_finished_block_leaves_no_networks_behind(block, small_data, tmp_path):
    """When the next one asks how much memory is free, whatever refers to what."""
    compute_block(block, small_data, "cpu", tmp_path / "one", nothing)
    alive = []

    def look_around(*_):
        alive.append(sum(issubclass(type(each), ReplicaModule) for each in gc.get_objects()))
        return []

    gc.disable()
    try:
        compute_block(block, small_data, "cpu", tmp_path / "two", look_around)
    finally:
        gc.enable()
    assert alive == [1]  # its own
