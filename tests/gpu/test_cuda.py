"""On a CUDA GPU: the CPU's results within a tolerance, graphs bit for bit, no wait in a chunk."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from depthgauge.config import Dataset, Evaluation, Experiment, Gradients
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool, shapeset
from depthgauge.records import read
from depthgauge.training.block import Block
from depthgauge.training.cell import compute_block, record_path
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module, train_block
from depthgauge.training.module import ReplicaModule
from depthgauge.training.schedule import Chunk

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch sees no CUDA GPU on this machine"
)

NAMES = ("train", "validation", "test")
REPLICAS = [(0, 0.3), (1, 0.1), (1, 0.3)]
CLOSE = {"rtol": 1e-3, "atol": 1e-5}
"""After 150 steps of a small net: float32 rounds at 6e-8, which steps let grow."""


class Eager(ReplicaModule):
    """The same steps, launched one by one."""

    recordable = False


@pytest.fixture(params=["pool", "stream"])
def case(request):
    splits = {name: Split(*pool(0, 120, 1000 * at)) for at, name in enumerate(NAMES)}
    experiment = Experiment(
        dataset=Dataset("shapeset", 127.5, 1.0, stream=request.param == "stream"),
        hidden=[40, 30],
        activation="tanh",
        init="glorot_normalized",
        cost="nll",
        train_size=120,
        steps=150,
        gradients=Gradients(every=30, images=50, batch=True),
        evaluation=Evaluation(every=50, splits=["validation"]),
    )
    return experiment, assemble("shapeset", (32, 32), CLASSES, splits)


def trained(case, device, folder, kind=ReplicaModule):
    experiment, data = case
    block = Block(experiment, REPLICAS, "key", "cell")
    checkpoint = Checkpoint(folder / "none", "key", build_instruments(experiment, data), 1e9)
    return train_block(build_module(block, data, kind), block, device, checkpoint)


def test_training_is_the_cpus_within_the_tolerance(case, tmp_path):
    """Costs, accuracies, gradient norms of every layer, at every step that is looked at."""
    one, other = trained(case, "cpu", tmp_path), trained(case, "cuda", tmp_path)
    assert set(one) == set(other)
    smooth = [name for name in one if not name.startswith("accuracy")]
    xr.testing.assert_allclose(one[smooth], other[smooth], **CLOSE)
    wrong = np.abs(one.accuracy_validation - other.accuracy_validation).max()
    assert wrong <= 2 / 120  # an example or two may be undecided between two classes


def test_before_the_first_step_only_rounding_differs(case, tmp_path):
    """A look at fresh networks: 1e-5 of a value."""
    case = (replace(case[0], steps=0), case[1])
    one, other = trained(case, "cpu", tmp_path), trained(case, "cuda", tmp_path)
    xr.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_graphs_are_the_steps_bit_for_bit(case, tmp_path):
    """Recorded and replayed, or launched one by one."""
    graphs = trained(case, "cuda", tmp_path)
    xr.testing.assert_identical(graphs, trained(case, "cuda", tmp_path, Eager))


def test_a_chunk_waits_for_nothing(case):
    """Torch raises where the host would wait for the GPU; the first chunk may."""
    experiment, data = case
    module = build_module(Block(experiment, REPLICAS, "key", "cell"), data).to("cuda")
    module.on_fit_start()
    module.training_step(Chunk(0, 100))
    torch.cuda.set_sync_debug_mode("error")
    try:
        module.training_step(Chunk(100, 140))
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_shapeset_is_the_same_images():
    """Every byte, in pieces larger than the processor's."""
    there = shapeset(7, torch.arange(5000, device="cuda"))
    for one, other in zip(there, shapeset(7, torch.arange(5000)), strict=True):
        assert torch.equal(one.cpu(), other)


def test_the_record_says_where_it_was_made(case, tmp_path):
    """The GPU's name, and that TF32 was off, whatever it was before."""
    experiment, data = case
    block = Block(experiment, REPLICAS, "key", "cell")
    torch.backends.cuda.matmul.allow_tf32 = True
    compute_block(block, data, "cuda", tmp_path, lambda *_: [])
    attrs = read(record_path(tmp_path, block)).attrs
    assert attrs["gpu"]["name"] == torch.cuda.get_device_name()
    assert attrs["gpu"]["tf32"] is False and not torch.backends.cuda.matmul.allow_tf32


def test_a_derived_gradient_is_the_cpus(case):
    """One step's deltas, in float64, where the only difference left is the order of sums."""
    experiment, data = case
    found = {}
    for device in ("cpu", "cuda"):
        block = Block(experiment, REPLICAS, "key", "cell")
        module = build_module(block, data).double().to(device)
        module.on_fit_start()
        module.training_step(Chunk(0, 5))
        found[device] = [each.cpu() for each in (*module.network.weights, *module.batch.deltas)]
    for one, other in zip(found["cpu"], found["cuda"], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-14)
