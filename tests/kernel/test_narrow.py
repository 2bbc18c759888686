"""The compiled loops against one network at a time in float64 numpy, function by function."""

import itertools

import numpy as np
import pytest

import reference
from depthgauge.kernel import elementwise, narrow, narrow_descent, narrow_looks
from depthgauge.kernel import rule as codes
from depthgauge.kernel.sparse import density, sparse

WIDTHS = (9, 33, 5, 4)
"""A layer a little wider than one row of vectors, and layers far narrower."""
EPSILON = float(np.finfo(np.float32).eps)


def net(seed, large=1.0):
    """Weights and biases of one network."""
    random = np.random.default_rng(seed)
    weights = [
        random.standard_normal((n_out, n_in)) * large / np.sqrt(n_in)
        for n_in, n_out in itertools.pairwise(WIDTHS)
    ]
    return weights, [random.standard_normal(n_out) for n_out in WIDTHS[1:]]


def held(*pairs):
    """The loops' copy of these networks."""
    return laid_out(WIDTHS, *stacks(pairs))


def laid_out(widths, weights, biases):
    """These weights and biases in the loops' layout, the weights of layers 2..L twice."""
    where = narrow.layout(widths)
    nets = narrow.empty_nets(len(biases[0]), where)
    for inside, outside in zip(
        itertools.chain(*narrow.views(nets, where)),
        [*weights, *biases, *weights[1:]],
        strict=True,
    ):
        inside[:] = outside
    return where, nets


def stacks(pairs):
    """(R, n_l, n_{l-1}) and (R, 1, n_l), float32, of every layer."""
    weights = [np.stack(each).astype(np.float32) for each in zip(*(w for w, _ in pairs))]  # noqa: B905
    biases = [np.stack(each)[:, None].astype(np.float32) for each in zip(*(b for _, b in pairs))]  # noqa: B905
    return weights, biases


def examples(count=7, classes=4):
    """Images of which many pixels are 0, one of them black all over; inputs; one-hot targets."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (count, WIDTHS[0])) * (random.random((count, WIDTHS[0])) < 0.4)
    images[2] = 0
    labels = random.integers(0, classes, count)
    return images.astype(np.uint8), labels, images / 256, np.eye(classes)[labels]


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign", "relu"])
def test_activations_keep_the_precision_of_float32(name):
    """Within a few units in the last place from -80 to 80, tiny arguments included."""
    exact = np.concatenate(
        [np.linspace(-80, 80, 20_001), np.geomspace(1e-30, 1, 500), -np.geomspace(1e-30, 1, 500)]
    ).astype(np.float32)
    found = exact.copy()
    scratch = np.zeros(2 * len(exact), np.int32)
    elementwise.activate(codes.ACTIVATION_CODES[name], found, scratch)
    wanted = reference.activation(name, exact.astype(float))
    np.testing.assert_allclose(found, wanted, rtol=4 * EPSILON, atol=1e-37)


# Where the kernel runs as plain Python numpy warns of what is then not used: an integer of NaN, the
# square of 1e30.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_activations_saturate_and_pass_nan_on(name):
    """No overflow however large the pre-activation, and what is not a number stays none."""
    x = np.array([-1e30, -200, 200, 1e30, np.inf, -np.inf, np.nan], np.float32)
    elementwise.activate(codes.ACTIVATION_CODES[name], x, np.zeros(2 * len(x), np.int32))
    low = 0 if name == "sigmoid" else -1
    np.testing.assert_allclose(x, [low, low, 1, 1, 1, low, np.nan], atol=1e-37)


@pytest.mark.parametrize("cost", ["cross_entropy", "nll", "quadratic"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softsign", "relu"])
def test_a_look_matches_the_numpy_twin(activation, cost):
    """Costs, mean gradients and their norms, of two networks."""
    images, labels, xs, ys = examples()
    pairs = [net(0), net(1)]
    where, nets = held(*pairs)
    rule = codes.Rule(codes.ACTIVATION_CODES[activation], codes.COST_CODES[cost])
    seen = narrow_looks.empty_looks(1, len(nets.biases), where)
    narrow_looks.look(where, narrow_looks.probe_set(images, labels, 256), nets, rule, seen)
    for r, (weights, biases) in enumerate(pairs):
        grad_w, grad_b = reference.mean_gradients(weights, biases, xs, ys, activation, cost)
        each = [
            reference.deltas(weights, biases, x, y, activation, cost)
            for x, y in zip(xs, ys, strict=True)
        ]
        squares = [np.mean([d[layer] @ d[layer] for d in each]) for layer in range(3)]
        zs = [reference.forward(weights, biases, x, activation)[0][-1] for x in xs]
        costs = [reference.value(cost, z, y) for z, y in zip(zs, ys, strict=True)]
        close = {"rtol": 2e-5, "atol": 1e-7}
        np.testing.assert_allclose(seen.costs[0, r], np.mean(costs), **close)
        np.testing.assert_allclose(
            seen.bias_norms[0, r], [np.linalg.norm(g) for g in grad_b], **close
        )
        np.testing.assert_allclose(
            seen.weight_norms[0, r], [np.linalg.norm(g) for g in grad_w], **close
        )
        np.testing.assert_allclose(seen.delta_rms[0, r], np.sqrt(squares), **close)
        for layer, grad in enumerate(grad_b):
            start = where.units[layer]
            found = seen.bias_gradients[0, r, start : start + len(grad)]
            np.testing.assert_allclose(found, grad, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("orders", [1, 2])
def test_the_mini_batchs_own_gradient_is_the_twins(orders):
    """Of examples that each network draws for itself, or that are the same for all."""
    images, labels, xs, ys = examples(20)
    pairs = [net(0), net(1)]
    where, nets = held(*pairs)
    order = np.random.default_rng(2).integers(0, 20, (orders, 6))
    rule = codes.Rule(codes.TANH, codes.NLL)
    found = np.zeros_like(nets.biases)
    narrow_looks.look_at_batch(where, sparse(images, labels, 256), order, nets, rule, found)
    for r, (weights, biases) in enumerate(pairs):
        rows = order[r % orders]
        _, exact = reference.mean_gradients(weights, biases, xs[rows], ys[rows], "tanh", "nll")
        for start, grad in zip(where.units, exact, strict=False):
            np.testing.assert_allclose(
                found[r, start : start + len(grad)], grad, rtol=2e-5, atol=1e-7
            )


@pytest.mark.parametrize("count", [3, 7, 40, 300])
def test_the_gradient_by_pairs_of_images_is_the_one_by_pixels(count):
    """Up to MOST_IN_GRAM images it is a sum over pairs, above over pixels: the same norm."""
    images, labels, xs, ys = examples(count)
    weights, biases = net(0)
    where, nets = held((weights, biases))
    probe_set = narrow_looks.probe_set(images, labels, 256)
    assert len(probe_set.gram) == (0 if count > narrow_looks.MOST_IN_GRAM else count)
    seen = narrow_looks.empty_looks(1, len(nets.biases), where)
    narrow_looks.look(where, probe_set, nets, codes.Rule(0, 0), seen)
    exact, _ = reference.mean_gradients(weights, biases, xs, ys, "sigmoid", "cross_entropy")
    np.testing.assert_allclose(seen.weight_norms[0, 0, 0], np.linalg.norm(exact[0]), rtol=2e-5)


def test_the_gradient_by_pixels_takes_many_of_them_in_turns():
    """More pixels than are summed at once, and no multiple of these: 40 of two images that differ.

    The sum over pairs is left out, as for a set of more than MOST_IN_GRAM images.
    """
    random = np.random.default_rng(5)
    images = random.integers(0, 256, (4, 40)).astype(np.uint8)
    labels = np.array([0, 1, 2, 0])
    shapes = [(5, 40), (3, 5)]
    weights = [random.standard_normal(shape) / np.sqrt(shape[1]) for shape in shapes]
    biases = [random.standard_normal(shape[0]) for shape in shapes]
    where, nets = laid_out((40, 5, 3), *stacks([(weights, biases)]))
    probe_set = narrow_looks.probe_set(images, labels, 256)
    probe_set = probe_set._replace(gram=np.zeros((0, 0), np.float32))
    seen = narrow_looks.empty_looks(1, 1, where)
    narrow_looks.look(where, probe_set, nets, codes.Rule(0, 0), seen)
    ys = np.eye(3)[labels]
    exact, _ = reference.mean_gradients(
        weights, biases, images / 256, ys, "sigmoid", "cross_entropy"
    )
    wanted = [np.linalg.norm(grad) for grad in exact]
    np.testing.assert_allclose(seen.weight_norms[0, 0], wanted, rtol=2e-5)


def test_gradients_that_cancel_keep_their_digits():
    """One image with both of two answers that the net holds for nearly equally likely.

    The gradient's square is 1e-7 of the examples' own: the sum over pairs alone is all rounding.
    """
    images = np.full((2, WIDTHS[0]), 200, np.uint8)
    labels = np.array([0, 1])
    xs, ys = images / 256, np.eye(4)[labels]
    weights, biases = net(0)
    z = reference.forward(weights, biases, xs[0], "sigmoid")[0][-1]
    biases[2] += np.array([1e-3, 0, -20, -20]) - z
    where, nets = held((weights, biases))
    seen = narrow_looks.empty_looks(1, len(nets.biases), where)
    rule = codes.Rule(codes.SIGMOID, codes.NLL)
    narrow_looks.look(where, narrow_looks.probe_set(images, labels, 256), nets, rule, seen)
    exact, _ = reference.mean_gradients(weights, biases, xs, ys, "sigmoid", "nll")
    np.testing.assert_allclose(seen.weight_norms[0, 0, 0], np.linalg.norm(exact[0]), rtol=5e-3)


@pytest.mark.parametrize("size", [1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-22, 1e-28])
@pytest.mark.parametrize("count", [7, 300])
def test_a_vanishing_gradient_keeps_its_digits(count, size):
    """Weights of this size after layer 1: squares of its deltas are beyond float32, or just in it.

    Just in it, sums over pairs of examples lose a part of each square: at 1e-20 half of the norm.
    """
    images, labels, xs, ys = examples(count)
    weights, biases = net(0)
    weights[1] *= size
    where, nets = held((weights, biases))
    seen = narrow_looks.empty_looks(1, len(nets.biases), where)
    rule = codes.Rule(0, 0)
    narrow_looks.look(where, narrow_looks.probe_set(images, labels, 256), nets, rule, seen)
    grad_w, grad_b = reference.mean_gradients(weights, biases, xs, ys, "sigmoid", "cross_entropy")
    assert 0 < np.linalg.norm(grad_b[0]) < 10 * size
    np.testing.assert_allclose(seen.weight_norms[0, 0, 0], np.linalg.norm(grad_w[0]), rtol=2e-5)
    np.testing.assert_allclose(seen.bias_norms[0, 0, 0], np.linalg.norm(grad_b[0]), rtol=2e-5)


@pytest.mark.parametrize("cost", ["cross_entropy", "nll", "quadratic"])
def test_costs_hold_far_from_the_answer_and_close_to_it(cost):
    """Pre-activations of hundreds neither overflow nor lose what is small."""
    where, nets = held(net(0))
    nets.weights[:] = 0
    z = np.array([300.0, -40.0, 12.0, -300.0])
    nets.biases[0, where.units[2] : where.units[2] + 4] = z
    images, labels, _, _ = examples(4)
    labels = np.array([0, 1, 2, 3])
    rule = codes.Rule(codes.SIGMOID, codes.COST_CODES[cost])
    correct, costs = np.zeros(1, np.int64), np.zeros(1)
    for label in range(4):
        rows = np.array([label])
        found = np.zeros(1)
        narrow_looks.evaluate(where, sparse(images, labels, 256), rows, nets, rule, correct, found)
        y = np.eye(4)[label]
        exact = {
            "cross_entropy": (np.logaddexp(0, z) - y * z).sum(),
            "nll": np.logaddexp.reduce(z) - z[label],
            "quadratic": ((1 / (1 + np.exp(-z)) - y) ** 2).sum() / 2,
        }[cost]
        assert found[0] == pytest.approx(exact, rel=1e-6, abs=1e-12)
        costs += found
    assert correct[0] == 1  # the first class has the largest output, whatever the image


def test_parameters_share_no_memory_and_leave_the_paddings_empty():
    """Written as views and read as views, and nothing else is anything but 0."""
    weights, biases = stacks([net(4), net(5), net(6)])
    where, nets = held(net(4), net(5), net(6))
    seen = itertools.chain(*narrow.views(nets, where))
    for one, other in zip([*weights, *biases, *weights[1:]], seen, strict=True):
        assert np.array_equal(one, other)
    written = sum(each.size for each in itertools.chain(*narrow.views(nets, where)))
    assert sum(np.count_nonzero(each) for each in nets) == written


@pytest.mark.parametrize("activation", [codes.SIGMOID, codes.TANH])
def test_steps_keep_both_copies_of_the_weights_alike_and_padding_empty(activation):
    """W and its transpose go the same way, to the last digits; padding stays 0."""
    images, labels, _, _ = examples(40)
    where, nets = held(net(0), net(1))
    order = np.random.default_rng(0).integers(0, 40, (300, 2, 5))
    rule = codes.Rule(activation, codes.NLL)
    rates, shrink = np.full(2, 0.5, np.float32), np.full(2, 0.999, np.float32)
    task = (where, sparse(images, labels, 256), order, nets, rule, rates, shrink, 300)
    narrow_descent.descend(*task, *looks(where, images[:0], []))
    for layer in (1, 2):
        n_in, n_out = WIDTHS[layer : layer + 2]
        rows = nets.weights[:, where.weights[layer] : where.weights[layer + 1]]
        columns = nets.transposed[:, where.transposed[layer] : where.transposed[layer + 1]]
        w = rows.reshape(2, n_in, -1)
        t = columns.reshape(2, n_out, -1)
        np.testing.assert_allclose(
            w[:, :, :n_out], t[:, :, :n_in].transpose(0, 2, 1), rtol=1e-4, atol=1e-5
        )
        assert not w[:, :, n_out:].any() and not t[:, :, n_in:].any()


def looks(where, images, due):
    """Looks at two networks on `images` before the steps `due`, as `descend` wants them."""
    probe_set = narrow_looks.probe_set(images, np.arange(len(images)) % 4, 256)
    return probe_set, np.array(due, np.int64), narrow_looks.empty_looks(len(due), 2, where)


@pytest.mark.parametrize("due", [[0], [4], [0, 1, 2, 3, 4], [1, 3]])
@pytest.mark.parametrize("whole", [False, True])
def test_looks_amid_the_steps_see_what_looks_between_them_see(due, whole):
    """Bit for bit; and neither kind changes the steps."""
    images, labels, _, _ = examples(40)
    every, rule = sparse(images, labels, 256), codes.Rule(codes.TANH, codes.NLL)
    order = np.arange(40).reshape(1, 1, -1)
    if not whole:
        order = np.random.default_rng(0).integers(0, 40, (5, 2, 3))
    rates, shrink = np.array([0.5, 0.1], np.float32), np.full(2, 0.999, np.float32)
    where, nets = held(net(0), net(1))
    amid = looks(where, images[:7], due)
    narrow_descent.descend(where, every, order, nets, rule, rates, shrink, 5, *amid)
    where, alone = held(net(0), net(1))
    for step in range(5):
        if step in due:
            probe_set, _, seen = looks(where, images[:7], [step])
            narrow_looks.look(where, probe_set, alone, rule, seen)
            for found, wanted in zip(amid[2], seen, strict=True):
                assert np.array_equal(found[due.index(step)], wanted[0])
                assert wanted.any()
        part = order if whole else order[step : step + 1]
        nothing = looks(where, images[:0], [])
        narrow_descent.descend(where, every, part, alone, rule, rates, shrink, 1, *nothing)
    for found, wanted in zip(nets, alone, strict=True):
        assert np.array_equal(found, wanted)


def test_sparse_images_are_the_images():
    """Every pixel is found again; the density counts those that are not 0."""
    images, labels, xs, _ = examples()
    kept = sparse(images, labels, 256)
    dense = np.zeros(images.shape)
    for i in range(len(images)):
        part = slice(kept.starts[i], kept.starts[i + 1])
        dense[i, kept.columns[part]] = kept.values[part]
    assert np.array_equal(dense, xs)
    assert density(images) == (images != 0).mean()


def test_more_features_than_a_column_can_name_are_refused():
    """16 bits hold 65,536 of them."""
    with pytest.raises(ValueError, match="65537 features"):
        sparse(np.zeros((1, 65_537), np.uint8), np.zeros(1), 256)
