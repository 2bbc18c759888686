"""The comparison with what the machine can do: its clock is the training's own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import floor
from problems import PROBLEMS


def test_training_is_timed_by_its_own_clock(monkeypatch):
    """Seconds that training returns count, not those of drawing networks around it."""
    monkeypatch.setattr(floor, "train", lambda problem, seeds, every, data, steps: 2.0)
    assert floor.training_pace(PROBLEMS["nielsen"], 64, 300, None) == 64 * 300 / 2
