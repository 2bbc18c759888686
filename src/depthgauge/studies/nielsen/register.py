"""The claims of Nielsen's chapter, from claims.yaml beside this file."""

from pathlib import Path

from depthgauge.claims.named import functions
from depthgauge.claims.register import load
from depthgauge.studies.nielsen import (
    accuracy,
    capacity,
    chain,
    curves,
    initial_speed,
    minibatch,
    training_speed,
)

READERS = functions(accuracy, capacity, chain, curves, initial_speed, minibatch, training_speed)

REGISTER = load(Path(__file__).with_name("claims.yaml"), READERS)
