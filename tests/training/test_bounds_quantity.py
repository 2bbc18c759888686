"""The bound callback in a real training: right numbers, no influence, no company."""

from dataclasses import replace

import numpy as np
import pytest

from depthgauge.config import Bounds, Gradients, Precision, Spacing
from depthgauge.errors import ConfigError
from depthgauge.theory import bound_tolerance
from depthgauge.training.gains import gains

NAMES = ["spectral_norm", "bound", "bound_tightness", "example_bound_tightness", "identity_gap"]


@pytest.fixture
def watched(experiment):
    """The experiment with the bound held against its gradients, in double precision."""
    return replace(
        experiment,
        precision=Precision.float64,
        gradients=Gradients(every=20, images=30, signals=True),
        bounds=Bounds(every=20, spacing=Spacing.linear, images=30, identities=3),
    )


def test_bound_is_held_against_the_speed_that_is_measured_beside_it(watched, train):
    """bound x tightness is the norm of the mean dC/db^l that the gradient callback records."""
    record = train(watched, [(0, 0.3), (1, 0.3)])
    assert record["bound_step"].values.tolist() == record["gradient_step"].values.tolist()
    product = record["bound"].values * record["bound_tightness"].values
    assert product == pytest.approx(record["bias_gradient_norm"].values, rel=1e-9)
    most = 1 + bound_tolerance([25, 7, 6, 3], examples=30)
    assert (record["example_bound_tightness"].values <= most).all()
    # the output layer of the cross-entropy has nothing between it and the error: equality
    assert record["example_bound_tightness"].values[..., -1] == pytest.approx(1, abs=1e-12)


def test_a_replica_reads_the_same_in_company(watched, train):
    """Seed 1 alone and among three gives the same bits, signals included."""
    alone = train(watched, [(1, 0.3)], key="alone")
    among = train(watched, [(0, 0.3), (1, 0.3), (2, 0.3)], key="among")
    for name in [*NAMES, "input_square"]:
        assert (alone[name].values[0] == among[name].values[1]).all(), name


def test_the_first_layer_is_fed_the_images(watched, train, small_data):
    """Its mean square is that of the scaled pixels, whatever the seed."""
    record = train(watched, [(0, 0.3), (1, 0.3)])
    wanted = np.mean((small_data.train.images[:30] / 256.0) ** 2)
    assert record["input_square"].values[:, :, 0] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("activation", "cost", "gamma", "output"),
    [
        ("sigmoid", "quadratic", 1 / 4, 1 / 4),
        ("sigmoid", "cross_entropy", 1 / 4, 1),
        ("tanh", "nll", 1, 1),
        ("softsign", "quadratic", 1, 1 / 4),
    ],
)
def test_the_largest_slopes_are_those_of_the_net(activation, cost, gamma, output, watched):
    """sup f' of the hidden layers; of the output only where delta^L keeps its sigmoid's slope."""
    found = gains(replace(watched, activation=activation, cost=cost))
    assert (found.gamma, found.output) == (gamma, output)


def test_an_activation_without_a_known_slope_is_refused(watched):
    """The sentence names those that theory knows."""
    with pytest.raises(ConfigError, match="choose one of sigmoid"):
        gains(replace(watched, activation="sine"))
