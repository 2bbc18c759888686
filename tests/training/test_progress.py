"""The bar on a terminal, and nothing where there is none."""

import io

import pytest
import pytorch_lightning as pl

from depthgauge.training.block import Block
from depthgauge.training.progress import ProgressBar


class Terminal(io.StringIO):
    """Where tqdm believes that a person looks."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("screen", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_the_bar_names_the_seeds_and_counts_steps(screen, shown, experiment, train, monkeypatch):
    """Study, cell, first and last seed, and all 230 steps; on a terminal alone."""
    where = screen()
    monkeypatch.setattr("sys.stderr", where)
    monkeypatch.setattr("tqdm.std.sys.stderr", where)
    replicas = [(3, 0.3), (5, 0.3)]
    bar = ProgressBar("study cell", Block(experiment, replicas, "key", "cell"))
    train(experiment, replicas, [bar])
    assert (bar.bar.n, bar.bar.total) == ((230, 230) if shown else (0, 230))
    assert ("study cell seeds 3-5" in where.getvalue()) is shown


class Broken(pl.Callback):
    """Something goes wrong after a chunk."""

    def on_train_batch_end(self, *_):
        raise InterruptedError("killed")


def test_the_bar_is_gone_when_something_goes_wrong(experiment, train, monkeypatch):
    """What is said next begins on a line of its own."""
    monkeypatch.setattr("sys.stderr", Terminal())
    bar = ProgressBar("study cell", Block(experiment, [(3, 0.3)], "key", "cell"))
    with pytest.raises(InterruptedError):
        train(experiment, [(3, 0.3)], [bar, Broken()])
    assert bar.bar.n == 100 and bar.bar.disable  # closed: tqdm draws it no more
