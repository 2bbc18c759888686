"""The work that a plan's time is estimated from, counted by hand for a net [25, 7, 6, 3]."""

from dataclasses import replace

import pytest

from depthgauge.config import (
    Bounds,
    Capacity,
    Evaluation,
    Experiment,
    Gradients,
    Look,
    Pretraining,
    Signal,
    Spacing,
    StepSizes,
    SupportVectors,
    Surface,
)
from depthgauge.training.procedures import procedure

PLAIN = Experiment(
    hidden=[7, 6],
    cost="nll",
    train_size=100,
    batch_size=8,
    steps=30,
    gradients=Gradients(every=0),
    evaluation=Evaluation(every=0),
)
SIZES = [25 * 7, 7 * 6, 6 * 3]
DESCENT = 6 * sum(SIZES) * 30 * 8
"""Forward, back and update: two operations each, a weight, step and example."""

COUNTED = {
    "descent": ({}, DESCENT),
    # the layer that is replaced is fed by one pass of the 50 validation images
    "capacity": ({"capacity": Capacity(inserted=2)}, DESCENT + 2 * 50 * SIZES[0]),
    # 2 neurons, the output, and 181 weights from 3 to 12, some 500 operations each
    "chain": ({"hidden": [1, 1], "steps": 0}, 500 * (2 + 1 + 181)),
    # each hidden layer's auto-encoder in turn, fed by the layers below
    "pretraining": (
        {"pretraining": Pretraining(steps=20)},
        DESCENT + (10 * SIZES[0] + 10 * SIZES[1] + 2 * SIZES[0]) * 20 * 8,
    ),
    # a second backward pass of four operations in place of six, every fifth step
    "second_order": ({"step_sizes": StepSizes(every=5)}, DESCENT + DESCENT * 4 / 6 / 5),
    # kernel values of 100 examples with 100 + 50, of 25 features; 3 penalties, 2 gammas
    "support_vectors": (
        {"support_vectors": SupportVectors(c=[1, 2, 3], gamma=[1, 2])},
        3 * 100 * (100 + 50) * 25 * 6,
    ),
    # 20 an output, example and point of the plane, for two costs
    "surfaces": ({"surface": Surface(points=5, classes=3)}, 20 * 2 * 5**2 * 3 * 8),
}


@pytest.mark.parametrize("name", COUNTED)
def test_operations_of_a_procedure(name, small_data):
    """Of one replica."""
    keys, expected = COUNTED[name]
    experiment = replace(PLAIN, procedure=name, **keys)
    assert procedure(name).work(experiment, small_data) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("keys", "passes"),
    [
        ({"bounds": Bounds(every=15, spacing=Spacing.linear, images=20)}, 4 * 20),
        ({"saturation": Look(every=15, spacing=Spacing.linear, images=20)}, 2 * 20),
        ({"output_speed": Look(every=15, spacing=Spacing.linear, images=20)}, 8 * 20),
        ({"jacobians": Look(every=15, spacing=Spacing.linear, images=2)}, 25_000 * 2),
        (
            {"signal": Signal(every=15, spacing=Spacing.linear, images=20, histograms=3)},
            4 * 20 + 40 * 3,
        ),
    ],
)
def test_operations_of_an_instrument(keys, passes, small_data):
    """A weight and look, at the steps 0, 15 and 30."""
    found = procedure("descent").work(replace(PLAIN, **keys), small_data)
    assert found == DESCENT + 3 * passes * sum(SIZES)
