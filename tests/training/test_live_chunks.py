"""What is published chunk by chunk while a block trains."""

from dataclasses import replace

import pytest
import xarray as xr

from depthgauge.config import Evaluation, Gradients
from depthgauge.training.block import Block
from depthgauge.training.live import Live


def test_chunks_add_up_to_the_record(experiment, train):
    """All readings of all chunks, but for the windows, which reach over chunks."""
    replicas, published = [(0, 0.3), (1, 0.3)], []
    block = Block(experiment, replicas, "key", "cell")
    record = train(experiment, replicas, callbacks=[Live(block, published.append)])
    assert len(published) == 3  # 230 steps: 100, 100 and 30
    for name in ("bias_gradient_norm", "batch_bias_gradient_norm", "accuracy_validation"):
        parts = [each[name] for each in published if name in each]
        axis = parts[0].dims[1]
        xr.testing.assert_equal(xr.concat(parts, axis).drop_attrs(), record[name].drop_attrs())
    assert not any("window_bias_gradient_norm" in each for each in published)


@pytest.mark.parametrize("every", [150, 1000])
def test_a_chunk_without_readings_is_handed_over_all_the_same(every, experiment, train):
    """None: a chance to write what has been waiting."""
    quiet = replace(
        experiment, gradients=Gradients(every=0), evaluation=Evaluation(every, ["validation"])
    )
    block, published = Block(quiet, [(0, 0.3)], "key", "cell"), []
    train(quiet, [(0, 0.3)], callbacks=[Live(block, published.append)])
    first, *rest = published
    assert first is not None and rest[-1] is not None
    assert (rest[0] is None) == (every == 1000)
