"""The bar on a terminal, and nothing where there is none."""

import io

import pytest

from depthgauge.training.block import Block
from depthgauge.training.progress import ProgressBar


class Terminal(io.StringIO):
    """Where tqdm believes that a person looks."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("screen", "told"), [(Terminal, True), (io.StringIO, False)])
def test_the_bar_names_the_seeds_and_counts_the_steps(screen, told, experiment, train, monkeypatch):
    """Study, cell, first and last seed, and all 230 steps; on a terminal alone."""
    where = screen()
    monkeypatch.setattr("sys.stderr", where)
    monkeypatch.setattr("tqdm.std.sys.stderr", where)
    replicas = [(3, 0.3), (5, 0.3)]
    bar = ProgressBar("study cell", Block(experiment, replicas, "key", "cell"))
    train(experiment, replicas, [bar])
    assert (bar.bar.n, bar.bar.total) == ((230, 230) if told else (0, 230))
    assert ("study cell seeds 3-5" in where.getvalue()) is told
