"""Live curves where the seeds of a run are computed in several blocks."""

import numpy as np
import pytest

from depthgauge.config import Experiment
from depthgauge.execution import mlflow_runs
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.curves import points
from depthgauge.training.block import Block


class Collected(LiveMetrics):
    def __init__(self):
        self.points = {}

    def add(self, curves):
        self.points |= curves


@pytest.mark.parametrize("several", [False, True])
def test_points_of_some_seeds_say_which(several, make_record):
    """Those of a whole run have their final names; means of some seeds stay apart, layers left."""
    record, live = make_record(seeds=4), Collected()
    blocks = [
        Block(Experiment(), [(seed, 0.1) for seed in range(start, start + 4)], "key", "cell")
        for start in ((0, 4) if several else (0,))
    ]
    steps = {axis: record[axis].values for axis in ("gradient_step", "evaluation_step")}
    mlflow_runs._publisher({0.1: live}, blocks, blocks[0], steps)(record)
    expected = points(record)
    if several:
        expected = {
            f"seeds_0_to_3/{name}": expected[name] for name in ("accuracy_validation", "probe_cost")
        }
    assert set(live.points) == set(expected)
    for name, (steps, values) in expected.items():
        np.testing.assert_array_equal(live.points[name], (steps, values))
