"""Readings become a record's variables."""

import numpy as np

from depthgauge.training import measurements
from depthgauge.training.block import Block
from depthgauge.training.descent import build_module
from depthgauge.training.probe import Readings


def test_coordinates_stand_in_the_same_order_in_every_process(experiment, small_data, monkeypatch):
    """A record's bytes are its content: a set's order would be that of the process's hashes."""
    axes = [f"axis_{index}" for index in range(9)]
    names = [f"histogram_{index}" for index in reversed(range(9))]
    monkeypatch.setattr(measurements, "_BINS", dict(zip(names, reversed(axes), strict=True)))
    monkeypatch.setattr(measurements, "_EDGES", dict.fromkeys(axes, lambda: np.arange(3.0)))
    replicas = [(0, 0.1)]
    module = build_module(Block(experiment, replicas, "key", "cell"), small_data)
    layers = len(module.network.layers)
    readings = Readings([0], {name: np.zeros((1, 1, layers, 2), np.int64) for name in names})
    record = measurements.measurements(module, replicas, {"some_step": readings}, window=1)
    assert [name for name in record.coords if name in axes] == axes
