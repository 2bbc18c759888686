"""A block too large for a GPU's memory: counted beforehand, halved when the count was wrong."""

import gc
from dataclasses import replace

import pytest
import torch
import xarray as xr

from depthgauge.config import Config, Precision
from depthgauge.errors import ResourceError
from depthgauge.records import read
from depthgauge.training import descent, memory, parts
from depthgauge.training.block import Block
from depthgauge.training.cell import build_cell, compute_block, record_path
from depthgauge.training.descent import build_instruments, build_module
from depthgauge.training.memory import replica_bytes, room


@pytest.fixture
def block(experiment):
    config = Config(**{**vars(replace(experiment, steps=40)), "learning_rate": 0.3, "seeds": 4})
    return build_cell(config, "data", "cpu").blocks[0]


@pytest.fixture
def run(monkeypatch):
    """Make a procedure that runs out of memory at given sizes; list those it was asked for."""

    def arrange(too_much):
        asked, does = [], descent.run

        def counted(task):
            asked.append(len(task.block.replicas))
            if too_much(asked):
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return does(task)

        monkeypatch.setattr(descent, "run", counted)
        return asked

    return arrange


def computed(block, data, cells):
    compute_block(block, data, "cpu", cells, lambda *_: [])
    return read(record_path(cells, block))


def test_out_of_memory_halves_the_replicas_and_says_so(block, small_data, tmp_path, run, capsys):
    """Twice: four together, then two; the record is the same but for how many were together."""
    whole = computed(block, small_data, tmp_path / "whole")
    asked = run(lambda asked: len(asked) <= 2)
    found = computed(block, small_data, tmp_path / "halved")
    assert asked == [4, 2, 1, 1, 2]
    assert found.attrs.pop("together") == [1, 1, 2] and "together" not in whole.attrs
    xr.testing.assert_identical(found, whole)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].endswith("do not fit into the memory of cpu together; going on with 2 at a time")
    assert "4 networks of [7, 6]" in said[0] and "2 networks of [7, 6]" in said[1]
    left = {path.name for path in (tmp_path / "halved" / block.key).iterdir()}
    assert left <= {"record.safetensors", "timing.json", "config.json", "lock"}


def test_half_of_an_odd_number_is_rounded_up(block, small_data, tmp_path, run):
    """Seven together do not fit: four and three."""
    block = replace(block, replicas=[(seed, 0.3) for seed in range(7)])
    asked = run(lambda asked: len(asked) == 1)
    found = computed(block, small_data, tmp_path / "halved")
    assert asked == [7, 4, 3] and found.attrs["together"] == [4, 3]


def test_finished_parts_are_not_computed_again(block, small_data, tmp_path, run):
    """Killed in its second half, a block goes on there."""

    def killed(asked):
        if asked == [4, 2, 2]:
            raise InterruptedError("killed")
        return asked[-1] == 4

    asked = run(killed)
    with pytest.raises(InterruptedError):
        computed(block, small_data, tmp_path)
    computed(block, small_data, tmp_path)
    assert asked == [4, 2, 2, 4, 2]


def test_one_network_too_large_gets_a_sentence(block, small_data, tmp_path, run):
    """There is nothing left to halve."""
    run(lambda asked: True)
    with pytest.raises(ResourceError, match=r"one network of \[7, 6\] does not fit .*device=cpu"):
        computed(block, small_data, tmp_path)


def test_a_gpu_gets_what_its_memory_holds(experiment, small_data, monkeypatch, tmp_path):
    """As many at a time as were counted, and nothing is tried that cannot fit."""
    replicas = [(seed, 0.3) for seed in range(10)]
    block = Block(experiment, replicas, "key", "cell")
    monkeypatch.setattr(parts, "room", lambda *_: 4)
    asked = []

    def part(each):
        asked.append(each)
        return xr.Dataset({"seed": ("replica", each.seeds)})

    task = parts.Task(block, small_data, "cuda", tmp_path, lambda *_: [])
    found = parts.compute_in_parts(task, lambda _: pytest.fail("all at once"), part)
    assert [len(each.replicas) for each in asked] == [4, 4, 2]
    assert len({each.key for each in asked}) == 3 and {each.cell for each in asked} == {"cell"}
    assert found.seed.values.tolist() == list(range(10)) and found.attrs["together"] == [4, 4, 2]


def test_room_is_free_memory_over_a_replicas_bytes(experiment, small_data, monkeypatch):
    """Rounded down to a power of two; one at least, since halving has the last word."""
    experiment = replace(experiment, hidden=[1000, 1000])
    each = replica_bytes(experiment, small_data)
    for free, fits in ((2000 * each, 1024), (1100 * each, 512), (each // 2, 1)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, 2 * free))
        assert room(experiment, small_data) == fits
    doubled = replica_bytes(replace(experiment, precision=Precision.float64), small_data)
    assert doubled == 2 * each


@pytest.mark.parametrize(("precision", "size"), [("float32", 4), ("float64", 8)])
def test_the_images_have_their_room_before_the_replicas(
    precision, size, experiment, small_data, monkeypatch
):
    """207 of 25 pixels, 4 or 8 bytes each: 64 replicas fit beside them, not into their place."""
    experiment = replace(experiment, precision=Precision(precision))
    images = (120 + 50 + 37) * 25 * size
    each = replica_bytes(experiment, small_data)
    for missing, fits in ((-1, 64), (images // 2, 32)):
        free = int((64 * each + images - missing) / memory.SHARE)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, 2 * free))
        assert room(experiment, small_data) == fits


@pytest.mark.parametrize("hidden", [[7, 6], [300, 200]])
def test_the_count_covers_what_a_replica_holds(hidden, experiment, small_data):
    """Measured by the tensors that are alive: never less, and within a factor of five."""
    experiment = replace(experiment, hidden=hidden)

    def held(replicas):
        block = Block(experiment, [(seed, 0.3) for seed in range(replicas)], "k", "c")
        module = build_module(block, small_data)
        module.on_fit_start()
        instruments = build_instruments(experiment, small_data)
        measures = [each.prepare(module.engine) for each in instruments]
        assert measures
        gc.collect()
        # Other tests of this process leave tensors without a storage: sparse, meta and fake ones.
        kinds = (torch.Tensor, torch.nn.Parameter)
        tensors = [each for each in gc.get_objects() if type(each) in kinds]
        alive = [t for t in tensors if t.layout is torch.strided and t.device.type == "cpu"]
        storages = {each.untyped_storage().data_ptr(): each.untyped_storage() for each in alive}
        return sum(each.nbytes() for each in storages.values())

    more = (held(21) - held(1)) / 20
    assert more <= replica_bytes(experiment, small_data) <= 5 * more


@pytest.mark.parametrize(
    ("name", "copies"), [("descent", 3), ("capacity", 3), ("second_order", 6), ("remedies", 10)]
)
def test_a_replicas_bytes_by_hand(name, copies, experiment, small_data):
    """[25, 7, 6, 3] in float32, nothing looked at: weights, eight examples' units and inputs."""
    quiet = replace(
        experiment,
        procedure=name,
        gradients=replace(experiment.gradients, every=0),
        evaluation=replace(experiment.evaluation, every=0),
    )
    numbers = copies * (25 * 7 + 7 * 6 + 6 * 3) + 4 * 8 * (7 + 6 + 3) + 8 * 25
    assert replica_bytes(quiet, small_data) == 4 * numbers


@pytest.mark.parametrize(("images", "held"), [(0, 50 + 37), (40, 40 + 37)])
def test_evaluations_count_what_they_look_at(images, held, experiment, small_data):
    """A whole split, or the images asked for."""
    settings = replace(experiment.evaluation, splits=["validation", "test"], images=images)
    on = replica_bytes(replace(experiment, evaluation=settings), small_data)
    off = replica_bytes(replace(experiment, evaluation=replace(settings, every=0)), small_data)
    assert on - off == 4 * memory.EVALUATED * (7 + 6 + 3) * held


def test_a_long_split_counts_a_slice_and_what_is_left(experiment, small_data, monkeypatch):
    """Passes are made for two lengths: of 50 images in slices of 20 they are 20 and 10 long."""
    monkeypatch.setattr(memory, "SLICE", 20)
    settings = replace(experiment.evaluation, splits=["validation"])
    on = replica_bytes(replace(experiment, evaluation=settings), small_data)
    off = replica_bytes(replace(experiment, evaluation=replace(settings, every=0)), small_data)
    assert on - off == 4 * memory.EVALUATED * (7 + 6 + 3) * 30


@pytest.mark.parametrize("name", parts.ON_THE_PROCESSOR)
def test_a_procedure_without_networks_on_a_gpu_asks_for_no_memory(
    name, experiment, small_data, monkeypatch, tmp_path
):
    """Asking would begin a CUDA context of half a gigabyte."""
    monkeypatch.setattr(parts, "room", lambda *_: pytest.fail("asked for a GPU's memory"))
    block = Block(replace(experiment, procedure=name), [(0, 0.3), (1, 0.3)], "key", "cell")
    task = parts.Task(block, small_data, "cuda", tmp_path, lambda *_: [])
    found = parts.compute_in_parts(task, lambda _: xr.Dataset({"one": 1}), lambda _: None)
    assert int(found.one) == 1


def test_evaluations_hold_no_deltas_and_share_their_activations(experiment, small_data):
    """Two splits of the same length: one forward pass, with the outputs of a pass for probes."""
    module = build_module(Block(experiment, [(0, 0.3), (1, 0.3)], "k", "c"), small_data)
    passes = module.engine.passes
    assert passes.evaluating(50) is passes.evaluating(50) is not passes.evaluating(37)
    assert not hasattr(passes.evaluating(50), "deltas")
    x = torch.rand(2, 50, 25)
    assert torch.equal(passes.evaluating(50).forward(x), passes.probing(50).forward(x))
