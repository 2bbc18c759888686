"""A killed block goes on where it was, bit for bit; a checkpoint worth nothing is not used."""

from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import xarray as xr

from depthgauge.training import checkpoint
from depthgauge.training.block import Block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module, train_block


class KillAfter(pl.Callback):
    """End the process's work after so many chunks, as a signal would."""

    def __init__(self, chunks):
        self.left = chunks

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            raise InterruptedError("killed")


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_resumed_block_is_the_undisturbed_one(
    chunks, experiment, train, small_data, tmp_path, monkeypatch
):
    """Killed after any chunk and repeated: the same record, bit for bit."""
    monkeypatch.setattr(checkpoint, "SHARE", 0.0)  # written however long the last one took
    whole = train(experiment, [(0, 0.3), (1, 0.3)], key="whole")
    with pytest.raises(InterruptedError):
        killed(experiment, small_data, tmp_path, chunks)
    again, first = resumed(experiment, small_data, tmp_path)
    assert first == 100 * chunks
    xr.testing.assert_identical(again.drop_attrs(), whole.drop_attrs())


def killed(experiment, data, folder, chunks):
    block = Block(experiment, [(0, 0.3), (1, 0.3)], "key", "cell")
    checkpoint = made(block, data, folder, seconds=0.0)
    # The trainer runs callbacks in the order given, the checkpoint last of them all.
    train_block(build_module(block, data), block, "cpu", checkpoint, [KillAfter(chunks + 1)])


def resumed(experiment, data, folder):
    block = Block(experiment, [(0, 0.3), (1, 0.3)], "key", "cell")
    first = made(block, data, folder, 1e9).restore(build_module(block, data))
    checkpoint = made(block, data, folder, 1e9)
    return train_block(build_module(block, data), block, "cpu", checkpoint), first


def made(block, data, folder, seconds):
    instruments = build_instruments(block.experiment, data)
    return Checkpoint(folder / "checkpoint", block.key, instruments, seconds)


@pytest.mark.parametrize("harm", ["truncate", "garbage", "another block", "older format"])
def test_a_checkpoint_that_cannot_be_trusted_is_worth_none(
    harm, experiment, small_data, tmp_path, monkeypatch
):
    """It is removed, and the block starts from its first step."""
    path = tmp_path / "checkpoint"
    if harm == "older format":
        monkeypatch.setattr("depthgauge.training.checkpoint.FORMAT", 0)
    with pytest.raises(InterruptedError):
        killed(experiment, small_data, tmp_path, 1)
    monkeypatch.undo()
    if harm == "truncate":
        path.write_bytes(path.read_bytes()[:-50])
    if harm == "garbage":
        path.write_bytes(b"\x00" * 200)
    key = "another" if harm == "another block" else "key"
    block = Block(experiment, [(0, 0.3), (1, 0.3)], key, "cell")
    module = build_module(block, small_data)
    before = [each.clone() for each in module.state_dict().values()]
    assert made(block, small_data, tmp_path, 1e9).restore(module) == 0
    assert not path.exists()
    for one, other in zip(before, module.state_dict().values(), strict=True):
        assert np.array_equal(one, other)


def test_no_checkpoint_means_the_first_step(experiment, small_data, tmp_path):
    """A fresh block has nothing to restore."""
    block = Block(replace(experiment), [(0, 0.3)], "key", "cell")
    assert made(block, small_data, tmp_path, 1e9).restore(build_module(block, small_data)) == 0


@pytest.mark.parametrize("harm", ["older format", "flipped bit", "another step"])
def test_a_refused_checkpoint_gets_a_sentence(harm, experiment, small_data, tmp_path, capsys):
    """Which file, why, what happens now; one flipped bit in the weights is noticed, too."""
    path = tmp_path / "checkpoint"
    with pytest.raises(InterruptedError):
        killed(experiment, small_data, tmp_path, 1)
    content = path.read_bytes()
    changed = {
        "older format": content.replace(rb"\"format\": 3", rb"\"format\": 2"),
        "flipped bit": content[:-1] + bytes([content[-1] ^ 1]),
        "another step": content.replace(rb"\"step\": 100", rb"\"step\": 200"),
    }[harm]
    assert changed != content
    path.write_bytes(changed)
    block = Block(experiment, [(0, 0.3), (1, 0.3)], "key", "cell")
    assert made(block, small_data, tmp_path, 1e9).restore(build_module(block, small_data)) == 0
    said = capsys.readouterr().err
    assert str(path) in said and "starts at the first step" in said and said.count("\n") == 1
    assert ("format 2, not 3" in said) == (harm == "older format")


def test_a_checkpoint_that_takes_long_is_written_less_often(
    experiment, small_data, tmp_path, monkeypatch
):
    """Of a clock on which each takes 3 s: after 60 s of training, not after 20."""
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    block = Block(experiment, [(0, 0.3)], "key", "cell")
    kept = made(block, small_data, tmp_path, 20.0)
    now[0] = 20.0
    assert kept.due()

    def slowly(path, content):
        now[0] += 3.0

    monkeypatch.setattr(checkpoint, "write_bytes", slowly)
    kept.write(build_module(block, small_data), 100)
    for later, due in ((20.0, False), (59.0, False), (60.0, True)):
        now[0] = 23.0 + later
        assert kept.due() is due
