"""Bound (**) and identity (*) in tensors, against loops over single examples and matrices."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import reference
from depthgauge.probes.bounds import bound_readings, identity_gaps
from depthgauge.probes.gradients import input_squares
from depthgauge.theory import bound_tolerance, find_activation, rank_one_tolerance

HIDDEN = ("sigmoid", "tanh", "softsign")


def network(seed, widths, activation, cost, scale=1.0, examples=5):
    """One random network's weights, deltas, inputs of every layer and output errors, as tensors."""
    random = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    weights = [scale * random.normal(size=(n_out, n_in)) for n_in, n_out in pairs]
    biases = [random.normal(size=n_out) for _, n_out in pairs]
    xs = random.normal(size=(examples, widths[0]))
    ys = np.eye(widths[-1])[random.integers(0, widths[-1], examples)]
    deltas, inputs, errors = [], [], []
    for x, y in zip(xs, ys, strict=True):
        deltas.append(reference.deltas(weights, biases, x, y, activation, cost))
        zs, activations = reference.forward(weights, biases, x, activation)
        inputs.append([x, *activations[1 : len(weights)]])
        errors.append(reference.output(cost, zs[-1]) - y)
    stack = [
        [torch.from_numpy(np.stack(e))[None] for e in zip(*w, strict=True)]
        for w in (deltas, inputs)
    ]
    return (
        [torch.from_numpy(w)[None] for w in weights],
        *stack,
        torch.from_numpy(np.stack(errors))[None],
    )


@settings(deadline=None, max_examples=40)
@given(
    seed=some.integers(0, 2**31),
    widths=some.lists(some.integers(1, 9), min_size=3, max_size=6),
    activation=some.sampled_from(HIDDEN),
    cost=some.sampled_from(["quadratic", "cross_entropy", "nll"]),
    scale=some.sampled_from([0.1, 1.0, 5.0]),
)
def test_bound_and_identity_hold_in_every_network(seed, widths, activation, cost, scale):
    """No example, no mean and no layer of any float64 network breaks (**) or misses (*)."""
    weights, deltas, inputs, errors = network(seed, widths, activation, cost, scale)
    gain = 0.25 if cost == "quadratic" else 1.0
    found = bound_readings(weights, deltas, errors, find_activation(activation).gamma, gain)
    most = 1 + bound_tolerance(widths, examples=5)
    assert (found["example_bound_tightness"] <= most).all()
    assert (found["bound_tightness"] <= most).all()
    assert (found["bound_tightness"] <= found["example_bound_tightness"] * most).all()
    gaps = identity_gaps(deltas, inputs, 5)[0]
    for gap, (n_in, n_out) in zip(gaps, itertools.pairwise(widths), strict=True):
        assert gap <= rank_one_tolerance(n_out, n_in)


def test_readings_match_a_loop_over_layers_and_examples():
    """Both sides of (**) written out for one network of three layers."""
    weights, deltas, _, errors = network(3, [4, 5, 3, 2], "tanh", "quadratic")
    found = bound_readings(weights, deltas, errors, 1.0, 0.25)
    sizes = [np.sqrt(np.linalg.eigvalsh((w[0].T @ w[0]).numpy()).max()) for w in weights]
    assert found["spectral_norm"][0] == pytest.approx(sizes)
    error = [float(np.sqrt((e**2).sum())) for e in errors[0].numpy()]
    for layer, delta in enumerate(deltas):
        beyond = 0.25 * np.prod(sizes[layer + 1 :])
        own = [float(np.sqrt((d**2).sum())) for d in delta[0].numpy()]
        ratios = [d / (beyond * e) for d, e in zip(own, error, strict=True)]
        assert found["example_bound_tightness"][0, layer] == pytest.approx(max(ratios))
        assert found["bound"][0, layer] == pytest.approx(beyond * np.mean(error))
        mean = np.sqrt((delta[0].numpy().mean(axis=0) ** 2).sum())
        assert found["bound_tightness"][0, layer] == pytest.approx(mean / found["bound"][0, layer])


def test_a_gradient_too_large_is_seen():
    """Deltas doubled in one layer break the bound there."""
    weights, deltas, _, errors = network(1, [3, 1, 1], "sigmoid", "cross_entropy")
    found = bound_readings(weights, [deltas[0], 2 * deltas[1]], errors, 0.25, 1.0)
    assert found["example_bound_tightness"][0] == pytest.approx(
        [found["example_bound_tightness"][0, 0], 2]
    )
    assert found["example_bound_tightness"][0, 0] <= 1


def test_a_diverged_replica_is_blank_and_its_companion_is_not():
    """NaN in one replica's weights leaves the other's readings bit for bit as they were."""
    alone = network(2, [4, 3, 2], "tanh", "nll")
    weights, deltas, inputs, errors = (
        [torch.cat([e, e]) for e in part] for part in (*alone[:3], [alone[3]])
    )
    weights[0][1] = np.nan
    expected = bound_readings(alone[0], alone[1], alone[3], 1.0, 1.0)
    found = bound_readings(weights, deltas, errors[0], 1.0, 1.0)
    for name, values in found.items():
        assert np.isnan(values[1]).all()
        assert (values[0] == expected[name][0]).all()
    assert (identity_gaps(deltas, inputs, 2)[0] == identity_gaps(alone[1], alone[2], 2)[0]).all()


def test_input_squares_are_means_over_examples_and_units():
    """A layer of three units fed 1, 2, 2 and one fed 0, 0, 3: (9/3 + 9/3) / 2."""
    a = torch.tensor([[[1.0, 2.0, 2.0], [0.0, 0.0, 3.0]]])
    assert input_squares([a]).tolist() == [[pytest.approx(3.0)]]
