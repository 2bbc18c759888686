"""Numbers at the edge of their type, and threads: results stay what they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from depthgauge.config import Config, Gradients
from depthgauge.training.cell import build_cell, compute_block, record_path

SMALLEST_NORMAL = np.finfo(np.float32).tiny
"""Below it float32 numbers are denormal: fewer digits, slower on some processors."""


def test_gradients_may_vanish_beyond_the_type(experiment, train):
    """Seventy sigmoid layers: what reaches the first is subnormal or zero, never NaN."""
    deep = replace(
        experiment, hidden=[4] * 70, l2=0.0, steps=100, gradients=Gradients(every=50, images=30)
    )
    record = train(deep, [(0, 0.1), (1, 0.1)])
    norms = record.bias_gradient_norm.to_numpy()
    assert np.isfinite(norms).all() and (record.diverged_at == -1).all()
    assert (norms[:, 0, 0] < SMALLEST_NORMAL).all() and (norms[:, 0, -1] > 1e-3).all()


def test_overflow_marks_its_replica_alone(experiment, train):
    """A rate that throws weights beyond float32: its replica diverges, the other is untouched."""
    plain = replace(experiment, l2=0.0)
    both = train(plain, [(0, 0.3), (1, 1e38)], key="both")
    alone = train(plain, [(0, 0.3)], key="alone")
    assert both.diverged_at.values.tolist() == [-1, 100]
    for name in ("bias_gradient_norm", "accuracy_validation"):
        np.testing.assert_array_equal(both[name][0], alone[name][0])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_block_is_the_same_on_any_number_of_threads(threads, experiment, small_data, tmp_path):
    """Whatever the process is allowed, a block is computed by one thread: the same bytes."""
    config = Config(**{**vars(replace(experiment, steps=60)), "learning_rate": 0.3, "seeds": 3})
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, threads):
            torch.set_num_threads(count)
            (block,) = build_cell(config, "data", "cpu").blocks
            compute_block(block, small_data, "cpu", tmp_path / str(len(found)), lambda *_: [])
            found.append(record_path(tmp_path / str(len(found)), block).read_bytes())
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]
