"""Probe steps and chunks."""

import pytest

from depthgauge.config import Spacing
from depthgauge.training.schedule import Chunks, probe_steps


def test_linear_steps_hold_the_first_and_the_last_state():
    """0, every, ... and the end, also when it is no multiple."""
    assert probe_steps(100, Spacing.linear, 250) == [0, 100, 200, 250]
    assert probe_steps(1, Spacing.linear, 4) == [0, 1, 2, 3, 4]
    assert probe_steps(1, Spacing.linear, 0) == [0]


def test_log_steps_rise_by_equal_factors():
    """Four records a factor of ten, whole steps, none twice."""
    steps = probe_steps(4, Spacing.log, 10_000)
    assert steps == [
        0,
        1,
        2,
        3,
        6,
        10,
        18,
        32,
        56,
        100,
        178,
        316,
        562,
        1000,
        1778,
        3162,
        5623,
        10_000,
    ]


@pytest.mark.parametrize(("first", "steps"), [(0, 250), (100, 250), (30, 250), (0, 0), (200, 200)])
def test_chunks_cover_every_step_once_and_end_where_they_always_end(first, steps):
    """A resumed run meets the same ends; a run without steps has one empty chunk."""
    chunks = list(Chunks(first, steps, 100))
    covered = [step for chunk in chunks for step in range(chunk.start, chunk.stop)]
    assert covered == list(range(first, steps))
    assert len(chunks) == len(Chunks(first, steps, 100)) >= 1
    assert {chunk.stop for chunk in chunks} <= {100, 200, 300, steps}
    assert chunks[-1].stop == steps
