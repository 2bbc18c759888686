"""A step as a CUDA graph needs it: memory that stays, no number asked for, replayed by address."""

import contextlib
from dataclasses import replace
from functools import partial

import pytest
import torch
import xarray as xr
from torch.utils._python_dispatch import TorchDispatchMode

from depthgauge.config import Dataset
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool
from depthgauge.training.block import Block
from depthgauge.training.cuda_graph import GraphedStep
from depthgauge.training.descent import build_module
from depthgauge.training.schedule import Chunk
from depthgauge.training.torch_engine import TorchEngine
from depthgauge.training.updates import Frozen, FusedSGD

REPLICAS = [(0, 0.3), (1, 0.1), (1, 0.3)]


@pytest.fixture(params=["pool", "odd sizes", "stream", "all examples"])
def case(request, experiment, small_data):
    """(experiment, data): mini-batches of each kind, in buffers with and without padding."""
    experiment = replace(experiment, l2=0.0)
    if request.param != "stream":
        size = {"pool": 16, "odd sizes": 7, "all examples": 100}[request.param]
        return replace(experiment, batch_size=size), small_data
    firsts = {"train": 0, "validation": 1000, "test": 2000}
    splits = {name: Split(*pool(0, 120, first)) for name, first in firsts.items()}
    online = Dataset("shapeset", 127.5, 1.0, stream=True)
    return replace(experiment, dataset=online), assemble("shapeset", (32, 32), CLASSES, splits)


def started(case, device="cpu", kind=TorchEngine):
    experiment, data = case
    module = build_module(Block(experiment, REPLICAS, "key", "cell"), data, kind).to(device)
    module.on_fit_start()
    return module


def works_on(module):
    """Every tensor that a step reads or writes, by name."""
    batches, batch = module.engine.batches, module.engine.batch
    own = {name: getattr(batches, name) for name in ("inputs", "targets", "x", "y")}
    own["scale"] = module.engine.scale
    if not batches.whole:
        own["chosen"] = batches.chosen
    for name in ("weights", "biases", "activations", "deltas"):
        own |= {f"{name} {at}": each for at, each in enumerate(getattr(batch, name))}
    return own


def test_nothing_moves_from_chunk_to_chunk(case):
    """A recording holds addresses: all that a step works on keeps its own."""
    module = started(case)
    places = {name: each.data_ptr() for name, each in works_on(module).items()}
    before = module.network.weights[0].clone()
    for chunk in (Chunk(0, 100), Chunk(100, 200), Chunk(200, 230)):
        module.run(chunk)
    assert {name: each.data_ptr() for name, each in works_on(module).items()} == places
    assert not torch.equal(before, module.network.weights[0])


def test_a_chunk_asks_for_no_number(case):
    """On tensors without values, as a stand-in for a GPU that would have to be waited for."""
    module = started(case, "meta")
    for chunk in (Chunk(0, 100), Chunk(100, 200)):
        assert module.run(chunk) == {}
    with pytest.raises(RuntimeError):
        float(module.engine.scale.sum())  # what the stand-in is there to refuse


class Tape(TorchDispatchMode):
    """A CUDA graph's stand-in: the operations with the very tensors they were called with."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.replayed = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, made))
        return made

    def replay(self):
        self.replayed += 1
        for func, args, kwargs, made in self.calls:
            again = func(*args, **kwargs)
            if again.data_ptr() != made.data_ptr():  # not in place, no view: a result of its own
                made.copy_(again)


@pytest.fixture
def tapes(monkeypatch):
    """Put tapes in the place of CUDA's graphs, and nothing in that of its streams."""
    made = []

    class Stream:
        def wait_stream(self, other):
            pass

    @contextlib.contextmanager
    def graph(tape, stream, capture_error_mode):
        """Recording leaves every number as it was."""
        made.append(tape)
        kept = [(each, each.clone()) for each in tape.watched]
        with tape:
            yield
        for each, value in kept:
            each.copy_(value)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Tape)
    return made


class OnTape(TorchEngine):
    """Captures its step on the CPU, too."""

    def start(self):
        super().start()
        self.step = GraphedStep(self.eager_step)
        Tape.watched = list(self.network.parameters())


@pytest.mark.parametrize("update", [FusedSGD, partial(Frozen, layers=1)], ids=["all", "frozen"])
def test_replayed_steps_are_the_steps(update, case, train, tapes):
    """All readings and the networks' ends, bit for bit; probed steps are run as they are."""
    experiment, data = case
    if experiment.batch_size >= 32:  # NumPy multiplies there, which no tape sees
        experiment = replace(experiment, train_size=30, batch_size=30)
        experiment = replace(experiment, gradients=replace(experiment.gradients, images=30))
    eager = train(
        experiment, REPLICAS, data=data, engine=lambda _: partial(TorchEngine, update=update)
    )
    taped = train(
        experiment,
        REPLICAS,
        data=data,
        engine=lambda _: partial(OnTape, update=update),
        key="taped",
    )
    xr.testing.assert_identical(eager, taped)
    (tape,) = tapes
    probed = len(set(range(0, 230, 20)) | {0, 115})  # at its end a run is looked at, not stepped
    assert tape.replayed == 230 - probed - 1  # the first step that nobody looks at is the warm-up


def test_only_a_gpu_records(case):
    """Elsewhere the step is called as it is."""
    engine = started(case).engine
    assert engine.step == engine.eager_step


def test_a_finished_training_holds_no_graph(case):
    """Destroyed with its training, no graph outlives others on a stream that PyTorch reuses."""
    module = started(case)
    module.engine.step = held = lambda: None
    module.on_fit_end()
    assert module.engine.step == module.engine.eager_step is not held
