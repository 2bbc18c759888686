"""What must hold on a CUDA GPU, as plain functions: for pytest, and for a machine without it.

Each takes a device and a folder of its own, and raises where it does not hold. On `cpu` the same
lines run and show that they run, no more.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from waiting import waiting_refused

from depthgauge.config import Dataset, Evaluation, Experiment, Gradients
from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool, shapeset
from depthgauge.records import read
from depthgauge.training.block import Block
from depthgauge.training.cell import compute_block, record_path
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module, train_block
from depthgauge.training.engine import Engine
from depthgauge.training.schedule import Chunk
from depthgauge.training.torch_engine import TorchEngine

Check = Callable[[str, Path], None]
Case = tuple[Experiment, Prepared]

NAMES = ("train", "validation", "test")
REPLICAS = [(0, 0.03), (1, 0.01), (1, 0.03)]
"""Seeds and learning rates. Rates ten times as high let one unit of rounding grow to a tenth of a
gradient norm within 150 steps, on one CPU just as between two devices."""
RTOL, ATOL = 1e-4, 1e-6
"""After 150 steps: on one CPU, a rounding of the weights moves a gradient norm by 2e-6."""


EAGER = partial(TorchEngine, graphs=False)
"""The same steps, launched one by one."""


@cache
def small_case(examples: str) -> Case:
    """A small net and Shapeset: a `pool` of 120 images, or an endless `stream` of them."""
    splits = {name: Split(*pool(0, 120, 1000 * at)) for at, name in enumerate(NAMES)}
    experiment = Experiment(
        dataset=Dataset("shapeset", 127.5, 1.0, stream=examples == "stream"),
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


def trained(
    case: Case, device: str, folder: Path, kind: Callable[..., Engine] = TorchEngine
) -> xr.Dataset:
    """Return what was measured in a training on `device`."""
    experiment, data = case
    block = Block(experiment, REPLICAS, "key", "cell")
    checkpoint = Checkpoint(folder / "none", "key", build_instruments(experiment, data), 1e9)
    return train_block(build_module(block, data, kind), block, device, checkpoint)


def training_is_the_cpus_within_the_tolerance(examples: str, device: str, folder: Path) -> None:
    """Costs, accuracies, gradient norms of every layer, at every step that is looked at."""
    case = small_case(examples)
    one, other = trained(case, "cpu", folder), trained(case, device, folder)
    assert set(one) == set(other)
    smooth = [name for name in one if not str(name).startswith("accuracy")]
    xr.testing.assert_allclose(one[smooth], other[smooth], rtol=RTOL, atol=ATOL)
    wrong = np.abs(one.accuracy_validation - other.accuracy_validation).max()
    assert wrong <= 2 / 120  # an example or two may be undecided between two classes


def before_the_first_step_only_rounding_differs(examples: str, device: str, folder: Path) -> None:
    """A look at fresh networks: 1e-5 of a value."""
    experiment, data = small_case(examples)
    case = replace(experiment, steps=0), data
    one, other = trained(case, "cpu", folder), trained(case, device, folder)
    xr.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def graphs_are_the_steps_bit_for_bit(examples: str, device: str, folder: Path) -> None:
    """Recorded and replayed, or launched one by one."""
    case = small_case(examples)
    graphs = trained(case, device, folder)
    xr.testing.assert_identical(graphs, trained(case, device, folder, EAGER))


def a_chunk_waits_for_nothing(examples: str, device: str, folder: Path) -> None:
    """Torch raises where the host would wait for the GPU; the first chunk may."""
    experiment, data = small_case(examples)
    module = build_module(Block(experiment, REPLICAS, "key", "cell"), data).to(device)
    module.on_fit_start()
    module.run(Chunk(0, 100))
    with waiting_refused(device):
        module.run(Chunk(100, 140))


def a_derived_gradient_is_the_cpus(examples: str, device: str, folder: Path) -> None:
    """Five steps in float64, where the only difference left is the order of sums."""
    experiment, data = small_case(examples)
    found = {}
    for where in ("cpu", device):
        block = Block(experiment, REPLICAS, "key", "cell")
        module = build_module(block, data).double().to(where)
        module.on_fit_start()
        module.run(Chunk(0, 5))
        found[where] = [
            each.cpu() for each in (*module.network.weights, *module.engine.batch.deltas)
        ]
    for one, other in zip(found["cpu"], found[device], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-14)


def the_record_says_where_it_was_made(examples: str, device: str, folder: Path) -> None:
    """The GPU's name, and that TF32 was off, whatever it was before."""
    experiment, data = small_case(examples)
    block = Block(experiment, REPLICAS, "key", "cell")
    torch.backends.cuda.matmul.allow_tf32 = device == "cuda"
    compute_block(block, data, device, folder, lambda *_: [])
    attrs = read(record_path(folder, block)).attrs
    assert attrs["device"] == device and ("gpu" in attrs) == (device == "cuda")
    if device == "cuda":
        assert attrs["gpu"]["name"] == torch.cuda.get_device_name()
        assert attrs["gpu"]["tf32"] is False
    assert not torch.backends.cuda.matmul.allow_tf32


def shapeset_is_the_same_images(device: str, folder: Path) -> None:
    """Every byte, in pieces larger than the processor's."""
    there = shapeset(7, torch.arange(5000, device=device))
    for one, other in zip(there, shapeset(7, torch.arange(5000)), strict=True):
        assert torch.equal(one.cpu(), other)


OF_A_CASE = (
    a_derived_gradient_is_the_cpus,
    before_the_first_step_only_rounding_differs,
    training_is_the_cpus_within_the_tolerance,
    graphs_are_the_steps_bit_for_bit,
    a_chunk_waits_for_nothing,
    the_record_says_where_it_was_made,
)

CHECKS: dict[str, Check] = {
    shapeset_is_the_same_images.__name__: shapeset_is_the_same_images,
    **{
        f"{check.__name__} ({examples})": partial(check, examples)
        for check, examples in itertools.product(OF_A_CASE, ("pool", "stream"))
    },
}
"""All of them by name, the simplest first."""
