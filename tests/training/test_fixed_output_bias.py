"""A net whose output biases do not learn: everything else descends as usual."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytorch_lightning as pl
import xarray as xr
from test_resumed_procedures import killed_and_resumed

import reference
from depthgauge.config import Dataset, Experiment, Look, Precision, Spacing
from depthgauge.datasets.batches import step_indices
from depthgauge.nets.initializers import initial_layer
from depthgauge.training import checkpoint, descent
from depthgauge.training.block import Block, Task

RATE, STEPS = 0.4, 40
FIXED = Experiment(
    dataset=Dataset("small"),
    hidden=[7, 6],
    init="nielsen_default",  # its biases are not 0, so that keeping differs from setting to 0
    output_bias=False,
    cost="nll",
    train_size=100,
    steps=STEPS,
    precision=Precision.float64,
)


class Networks(pl.Callback):
    """Keep the final networks."""

    def on_train_end(self, trainer, pl_module):
        self.network = pl_module.network


def test_all_but_the_output_bias_descend_as_in_numpy(small_data, tmp_path):
    """Plain descent written out, the output's biases set back after every step."""
    kept = Networks()
    block = Block(FIXED, [(0, RATE), (5, RATE)], "key", "cell")
    descent.run(Task(block, small_data, "cpu", tmp_path, lambda *_: [kept]))
    pairs = enumerate(pairwise([25, 7, 6, 3]), start=1)
    layers = [initial_layer(FIXED.init, 5, layer, *sizes) for layer, sizes in pairs]
    weights, biases = [w for w, _ in layers], [b for _, b in layers]
    xs, ys = small_data.train.images / 256, np.eye(3)[small_data.train.labels]
    for rows in step_indices(5, 0, STEPS, FIXED.batch_size, FIXED.train_size):
        batch = [(xs[rows], ys[rows])]
        weights, biases = reference.descend(weights, biases, batch, "sigmoid", "nll", RATE, 0.0)
        biases[-1] = layers[-1][1]
    for found, wanted in zip(kept.network.weights, weights, strict=True):
        np.testing.assert_allclose(found[1], wanted, rtol=1e-9, atol=1e-12)
    for found, wanted in zip(kept.network.biases, biases, strict=True):
        np.testing.assert_allclose(found[1, 0], wanted, rtol=1e-9, atol=1e-12)


def test_a_killed_run_goes_on_with_the_initial_biases(small_data, tmp_path, monkeypatch):
    """Killed after 200 of 230 steps: the record is that of a run in one piece."""
    monkeypatch.setattr(checkpoint, "SHARE", 0.0)
    monkeypatch.setattr(descent, "CHECKPOINT_SECONDS", 0.0)
    looks = Look(every=20, spacing=Spacing.linear, images=30)
    experiment = replace(FIXED, steps=230, output_speed=looks, precision=Precision.float32)
    whole, resume = killed_and_resumed(descent, experiment, small_data, tmp_path, monkeypatch)
    xr.testing.assert_identical(resume(), whole)
