"""Images drawn during training: those of the numbered stream, whatever is drawn at once."""

import pytest
import torch

from depthgauge.datasets.shapeset import shapeset
from depthgauge.training import stream
from depthgauge.training.stream import ShapesetStream

CPU = torch.device("cpu")
SEEDS = [3, 5, 3]


@pytest.mark.parametrize("ahead", [0, 90, 10_000])
def test_each_replica_has_its_seeds_images(monkeypatch, ahead):
    """Step s, example e of seed k is image 4 s + e of stream k, in order, skipped or repeated."""
    monkeypatch.setattr(stream, "AHEAD", {"cpu": ahead})
    ours = ShapesetStream(SEEDS, 4)
    for first, steps in ((0, 5), (5, 5), (10, 2), (40, 5), (42, 5), (0, 5)):
        images, labels, places = ours(first, steps, CPU)
        assert places.shape == (steps, 3, 4)
        numbers = torch.arange(4 * first, 4 * (first + steps))
        for replica, seed in enumerate(SEEDS):
            expected, classes = shapeset(seed, numbers)
            here = places[:, replica].flatten()
            assert torch.equal(images[here], expected) and torch.equal(labels[here], classes)


def test_images_are_drawn_ahead_for_many_steps(monkeypatch):
    """Of 100 steps of 8 images, 25 draws of 4 steps each when 32 may be drawn at once."""
    counts = []
    monkeypatch.setattr(stream, "AHEAD", {"cpu": 32})
    draw = stream.shapeset
    monkeypatch.setattr(stream, "shapeset", lambda *k: counts.append(len(k[1])) or draw(*k))
    ours = ShapesetStream([0, 1], 4)
    for step in range(100):
        ours(step, 1, CPU)
    assert counts == [32] * 25
