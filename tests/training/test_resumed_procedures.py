"""Procedures with a state of their own go on from a checkpoint as if nothing had happened."""

from dataclasses import replace

import pytest
import pytorch_lightning as pl
import xarray as xr

from depthgauge.config import Curvature, Dataset, Gradients, Pretraining, Remedy, StepSizes
from depthgauge.training import (
    autoencoders,
    checkpoint,
    descent,
    pretraining,
    remedies,
    second_order,
)
from depthgauge.training.block import Block, Task
from depthgauge.training.directions import OPTIMIZERS


@pytest.fixture(autouse=True)
def every_chunk(monkeypatch):
    """Checkpoints are written as soon as they may be, however long the last one took."""
    monkeypatch.setattr(checkpoint, "SHARE", 0.0)
    monkeypatch.setattr(descent, "CHECKPOINT_SECONDS", 0.0)


class Kill(pl.Callback):
    """End the training before its last chunk, after two checkpoints."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 2:
            raise InterruptedError


def killed_and_resumed(procedure, experiment, data, folder, monkeypatch):
    """Return the record of a run in one piece, and that of one in two."""
    block = Block(experiment, [(0, 0.05), (3, 0.05)], "key", "cell")
    (folder / "whole").mkdir()
    whole = procedure.run(Task(block, data, "cpu", folder / "whole", lambda *_: []))
    with pytest.raises(InterruptedError):
        procedure.run(Task(block, data, "cpu", folder, lambda *_: [Kill()]))
    return whole, lambda: procedure.run(Task(block, data, "cpu", folder, lambda *_: []))


@pytest.mark.parametrize("curvature", Curvature)
def test_curvature_is_kept(curvature, experiment, small_data, tmp_path, monkeypatch):
    """Killed after 200 of 230 steps, between two looks at the curvature."""
    experiment = replace(
        experiment,
        cost="nll",
        l2=0.0,
        step_sizes=StepSizes(curvature=curvature, every=30, memory=0.9),
    )
    whole, resume = killed_and_resumed(second_order, experiment, small_data, tmp_path, monkeypatch)
    xr.testing.assert_identical(resume(), whole)


@pytest.mark.parametrize(
    "remedy",
    [*(Remedy(optimizer=name) for name in OPTIMIZERS), Remedy(normalization="batch")],
    ids=[*OPTIMIZERS, "batch_norm"],
)
def test_optimizers_remember(remedy, experiment, small_data, tmp_path, monkeypatch):
    """Killed after 200 of 230 steps: averages, step counts and random signs go on."""
    experiment = replace(
        experiment,
        procedure="remedies",
        cost="nll",
        l2=0.0,
        remedy=remedy,
        gradients=Gradients(every=20, images=30),
    )
    whole, resume = killed_and_resumed(remedies, experiment, small_data, tmp_path, monkeypatch)
    assert (tmp_path / "checkpoint.safetensors").exists()
    xr.testing.assert_identical(resume(), whole)


@pytest.mark.parametrize("killed_at", [150, 350])
def test_killed_pretraining_goes_on(killed_at, experiment, small_data, tmp_path, monkeypatch):
    """In either layer, from its last whole hundred steps on, bit for bit."""
    experiment = replace(
        experiment,
        procedure="pretraining",
        cost="nll",
        l2=0.0,
        steps=20,
        dataset=Dataset(divide=255.0),
        pretraining=Pretraining(steps=230),
    )
    block = Block(experiment, [(0, 0.05), (3, 0.05), (3, 0.1)], "key", "cell")
    (tmp_path / "whole").mkdir()
    steps, step = [], autoencoders.AutoEncoder.step

    def counted(*arguments):
        steps.append(1)
        if len(steps) == killed_at:
            raise InterruptedError
        step(*arguments)

    whole = pretraining.run(Task(block, small_data, "cpu", tmp_path / "whole", lambda *_: []))
    monkeypatch.setattr(autoencoders.AutoEncoder, "step", counted)
    with pytest.raises(InterruptedError):
        pretraining.run(Task(block, small_data, "cpu", tmp_path, lambda *_: []))
    again = pretraining.run(Task(block, small_data, "cpu", tmp_path, lambda *_: []))
    xr.testing.assert_identical(again, whole)
    done = {150: 100, 350: 330}[killed_at]
    assert len(steps) - killed_at == 2 * 230 - done


def test_pretraining_is_not_done_again(experiment, small_data, tmp_path, monkeypatch):
    """The checkpoint holds networks that are past it."""
    experiment = replace(
        experiment,
        cost="nll",
        l2=0.0,
        dataset=Dataset(divide=255.0),
        pretraining=Pretraining(steps=20),
    )
    whole, resume = killed_and_resumed(pretraining, experiment, small_data, tmp_path, monkeypatch)

    def refuse(*_):
        raise AssertionError("an auto-encoder was trained again")

    monkeypatch.setattr(autoencoders.AutoEncoder, "step", refuse)
    xr.testing.assert_identical(resume(), whole)
