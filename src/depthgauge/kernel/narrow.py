"""Forward pass, back-propagation and update of one narrow network after another.

A step of a net like [784, 30, 30, 10] is a few thousand sums over rows of thirty numbers. Here
each is a few vector instructions, a replica's weights stay in the processor's cache for a whole
chunk of steps, and pixels that are 0 cost nothing: three times the speed of batched matrix
products (bench/). What a replica computes cannot depend on its companions: they never meet.

Weights lie twice: by rows of W^T (one for each unit that a layer is fed by), which the forward
pass adds up, and by rows of W, which back-propagation adds up. Rows are padded to PAD floats.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from depthgauge.kernel.elementwise import (
    CROSS_ENTROPY,
    NLL,
    QUADRATIC,
    activate,
    chain,
    exp,
    f4,
    output,
    shrink,
    square_sum,
    zeros,
)
from depthgauge.kernel.rows import LANES, PAD, add_rows, add_to_rows
from depthgauge.kernel.sparse import SparseImages


class Layout(NamedTuple):
    """Where things lie: layer l = 1..L at index l - 1, each array with its end as last entry."""

    widths: np.ndarray
    """n_0, ..., n_L."""
    pads: np.ndarray
    """The same, rounded up to multiples of PAD (n_0 is never padded)."""
    weights: np.ndarray
    """Offsets of W^T: n_{l-1} rows of pads[l] floats."""
    transposed: np.ndarray
    """Offsets of W: n_l rows of pads[l-1] floats; layer 1 has none, nothing is before it."""
    units: np.ndarray
    """Offsets of a vector with a number for each unit: biases, and activations of one example."""


class Nets(NamedTuple):
    """The parameters of R networks, a row each, as a Layout says."""

    weights: np.ndarray
    transposed: np.ndarray
    biases: np.ndarray


class Rule(NamedTuple):
    """What a network computes: codes of its activation and its cost."""

    activation: int
    cost: int


class Glance(NamedTuple):
    """What `look` writes: means over the examples, of R networks."""

    bias_gradients: np.ndarray
    """(R, padded units): dC/db."""
    bias_norms: np.ndarray
    """(R, L): |dC/db^l|."""
    delta_norms: np.ndarray
    """(R, L): the mean of |delta^l|."""
    weight_norms: np.ndarray
    """(R, L): |dC/dw^l|."""
    costs: np.ndarray
    """(R,): C."""


def layout(widths: tuple[int, ...]) -> Layout:
    """Return where the numbers of a network [n_0, ..., n_L] lie."""
    n = np.array(widths)
    pads = np.concatenate([n[:1], -(-n[1:] // PAD) * PAD])
    transposed = n[1:] * pads[:-1]
    transposed[0] = 0
    return Layout(n, pads, _offsets(n[:-1] * pads[1:]), _offsets(transposed), _offsets(pads[1:]))


def empty_nets(replicas: int, where: Layout) -> Nets:
    """Return R networks of zeros, whose rows begin at cache lines."""
    sizes = [int(offsets[-1]) for offsets in (where.weights, where.transposed, where.units)]
    return Nets(*(zeros(replicas * size).reshape(replicas, size) for size in sizes))


def take_parameters(
    nets: Nets, where: Layout, weights: list[np.ndarray], biases: list[np.ndarray]
) -> None:
    """Fill `nets` from w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L."""
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        n_out, n_in = w.shape[1:]
        rows = nets.weights[:, where.weights[l] : where.weights[l + 1]]
        rows.reshape(len(w), n_in, -1)[:, :, :n_out] = w.transpose(0, 2, 1)
        nets.biases[:, where.units[l] : where.units[l] + n_out] = b[:, 0]
        if l:
            rows = nets.transposed[:, where.transposed[l] : where.transposed[l + 1]]
            rows.reshape(len(w), n_out, -1)[:, :, :n_in] = w


def give_parameters(
    nets: Nets, where: Layout, weights: list[np.ndarray], biases: list[np.ndarray]
) -> None:
    """Write `nets` to w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L."""
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        _transpose(nets.weights, where.weights[l], where.pads[l + 1], w)
        b[:, 0] = nets.biases[:, where.units[l] : where.units[l] + b.shape[2]]


def _offsets(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)])


@njit(cache=True, error_model="numpy")
def _transpose(rows, first, pad, w):
    replicas, n_out, n_in = w.shape
    for r in range(replicas):
        row = rows[r, first : first + n_in * pad]
        for j in range(n_out):
            for i in range(n_in):
                w[r, j, i] = row[i * pad + j]


# The passes. `rows` are the examples' numbers; `a` and `delta` hold every layer's units, example
# after example, layer after layer.


@njit(cache=True, error_model="numpy")
def _forward(layout, images, rows, w, b, code, a, scratch):
    """a^l = f(w^l a^{l-1} + b^l); the last layer is left at its pre-activation z^L."""
    count, pad = len(rows), layout.pads[1]
    for e in range(count):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        add_rows(a, e * pad, b, 0, w, 0, images.columns, images.values, first, stop - first, pad)
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        activate(code, a[before:here], scratch)
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l]
        o, u = layout.weights[l], layout.units[l]
        for e in range(count):
            a[before + e * fed + n : before + (e + 1) * fed] = 0  # padding: a sigmoid of 0 is 1/2
            add_rows(a, here + e * pad, b, u, w, o, None, a, before + e * fed, n, pad)


@njit(cache=True, error_model="numpy")
def _backward(layout, images, rows, t, rule, scale, a, delta, nothing):
    """Fill delta with scale dC/dz^l of each example (BP1, BP2); padding stays 0."""
    count, top = len(rows), len(layout.widths) - 2
    pad, start = layout.pads[top + 1], count * layout.units[top]
    for e in range(count):
        row = start + e * pad
        for j in range(layout.widths[top + 1]):
            delta[row + j] = a[row + j]
        delta[row + images.labels[rows[e]]] -= f4(1)
        for j in range(layout.widths[top + 1]):
            if rule.cost == QUADRATIC:
                delta[row + j] *= a[row + j] * (f4(1) - a[row + j])
            delta[row + j] *= scale
    for l in range(top - 1, -1, -1):
        here, after = count * layout.units[l], count * layout.units[l + 1]
        pad, fed, n = layout.pads[l + 1], layout.pads[l + 2], layout.widths[l + 2]
        o = layout.transposed[l + 1]
        for e in range(count):
            add_rows(delta, here + e * pad, nothing, 0, t, o, None, delta, after + e * fed, n, pad)
        chain(rule.activation, delta[here:after], a[here:after])


@njit(cache=True, error_model="numpy")
def _accumulate_inputs(layout, images, rows, delta, w):
    """w^T += sum over examples of x delta^T (BP4), layer 1."""
    pad = layout.pads[1]
    for e in range(len(rows)):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        add_to_rows(w, 0, images.columns, images.values, first, stop - first, pad, delta, e * pad)


@njit(cache=True, error_model="numpy")
def _accumulate(layout, count, a, delta, ones, w, b):
    """w^T += sum over examples of a^{l-1} delta^T, layers 2..L; b += sum of delta (BP3, BP4)."""
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n, o = layout.pads[l], layout.pads[l + 1], layout.widths[l], layout.weights[l]
        for e in range(count):
            add_to_rows(w, o, None, a, before + e * fed, n, pad, delta, here + e * pad)
    for l in range(len(layout.widths) - 1):
        u = layout.units[l]
        add_rows(b, u, b, u, delta, count * u, None, ones, 0, count, layout.pads[l + 1])


@njit(cache=True, error_model="numpy")
def _accumulate_transposed(layout, count, a, delta, t):
    """The same sums into the rows of W, layers 2..L."""
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l + 1]
        o = layout.transposed[l]
        for e in range(count):
            add_to_rows(t, o, None, delta, here + e * pad, n, fed, a, before + e * fed)


@njit(cache=True, error_model="numpy")
def _input_gradient_square(layout, pixels, delta, nothing, part):
    """|sum over examples of delta x^T|^2, a few pixels (rows of `part`) after others."""
    pad, total = layout.pads[1], f4(0)
    rows = len(part) // pad
    for start in range(0, layout.widths[0], rows):
        stop = min(start + rows, layout.widths[0])
        for p in range(start, stop):
            first, count = pixels.starts[p], pixels.starts[p + 1] - pixels.starts[p]
            add_rows(part, (p - start) * pad, nothing, 0, delta, 0, pixels.columns, pixels.values,
                      first, count, pad)  # fmt: skip
        total += square_sum(part[: (stop - start) * pad])
    return total


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _costs(layout, images, rows, cost, a, small, scratch):
    """Return the sum of C over the examples, in double precision, from z^L in `a`.

    One logarithm an example: sum of log(1 + e^-|z|) is the log of a product of at most 2^classes.
    """
    count, top = len(rows), len(layout.widths) - 2
    pad, classes, start = layout.pads[top + 1], layout.widths[top + 1], count * layout.units[top]
    for row in range(start, start + count * pad, pad):
        highest = a[row]
        for j in range(1, classes):
            highest = max(highest, a[row + j])
        z, power = a[row : row + pad], small[row - start : row - start + pad]
        for j in range(len(z)):
            power[j] = z[j] - highest if cost == NLL else -abs(z[j])
    exp(small[: count * pad], scratch)
    sums = 0.0
    for e in range(count):
        row, label, total, product = start + e * pad, images.labels[rows[e]], 0.0, 1.0
        if cost == NLL:
            product = 0.0
            for j in range(classes):
                product += small[e * pad + j]
            highest = max(a[row : row + classes])
            total = float(highest) - float(a[row + label])
        elif cost == CROSS_ENTROPY:
            for j in range(classes):
                total += max(a[row + j], f4(0))
                product *= 1.0 + small[e * pad + j]
            total -= a[row + label]
        else:
            for j in range(classes):
                power = float(small[e * pad + j])
                output = (1.0 if a[row + j] > 0 else power) / (1.0 + power)
                total += (output - (1.0 if j == label else 0.0)) ** 2 / 2
        sums += total + np.log(product)
    return sums


# The entry points. Every scratch array is filled before it is read, but for the paddings' zeros.


@njit(cache=True, error_model="numpy")
def descend(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    rates: np.ndarray, decay: np.ndarray,
):  # fmt: skip
    """Do len(order) steps of gradient descent on every network, in place.

    order (step, replica, example) int64, or (1, 1, example) for the same examples at every step;
    rates and decay (R,) float32: w <- decay w - rate mean dC/dw.
    """
    steps, replicas, count = order.shape
    units = layout.units[-1]
    a, delta = zeros(count * units), zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    nothing, ones = zeros(units), np.ones(count, f4)
    top = len(layout.widths) - 2
    for r in range(len(rates)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        for s in range(steps):
            rows = order[s, r % replicas]
            _forward(layout, images, rows, w, b, rule.activation, a, scratch)
            output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                    layout.widths[-1], scratch)  # fmt: skip
            _backward(layout, images, rows, t, rule, -rates[r] / f4(count), a, delta, nothing)
            if decay[r] != f4(1):
                shrink(w, decay[r])
                shrink(t, decay[r])
            _accumulate_inputs(layout, images, rows, delta, w)
            _accumulate(layout, count, a, delta, ones, w, b)
            _accumulate_transposed(layout, count, a, delta, t)


@njit(cache=True, error_model="numpy")
def look(
    layout: Layout, images: SparseImages, pixels: SparseImages, nets: Nets, rule: Rule,
    seen: Glance,
):  # fmt: skip
    """Measure the mean gradient of every network over all `images`.

    `pixels` are the same numbers by pixel: the examples in which it is not 0, and its values.
    """
    count, units = len(images.labels), layout.units[-1]
    a, delta = zeros(count * units), zeros(count * units)
    small, scratch = zeros(count * units), np.zeros(count * units, np.int32)
    nothing, ones = zeros(units), np.ones(count, f4)
    gradient, top = zeros(layout.weights[-1]), len(layout.widths) - 2
    part = zeros(LANES * layout.pads[1])
    start, rows = count * layout.units[top], np.arange(count)
    for r in range(len(nets.weights)):
        b = seen.bias_gradients[r]
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        seen.costs[r] = _costs(layout, images, rows, rule.cost, a, small, scratch) / count
        output(rule.cost, a, start, count * units, layout.pads[-1], layout.widths[-1], scratch)
        _backward(
            layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), a, delta, nothing
        )
        gradient[layout.weights[1] :] = 0
        b[:] = 0
        _accumulate(layout, count, a, delta, ones, gradient, b)
        for l in range(top + 1):
            here, width = count * layout.units[l], layout.pads[l + 1]
            seen.bias_norms[r, l] = np.sqrt(square_sum(b[layout.units[l] : layout.units[l + 1]]))
            if l == 0:
                squares = _input_gradient_square(layout, pixels, delta, nothing, part)
            else:
                squares = square_sum(gradient[layout.weights[l] : layout.weights[l + 1]])
            seen.weight_norms[r, l] = np.sqrt(squares)
            seen.delta_norms[r, l] = 0
            for e in range(count):
                row = here + e * width
                seen.delta_norms[r, l] += np.sqrt(square_sum(delta[row : row + width]))


@njit(cache=True, error_model="numpy")
def look_at_batch(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    bias_gradients: np.ndarray,
):  # fmt: skip
    """Write the mean of dC/db (R, padded units) over the examples order (1 or R, example)."""
    replicas, count = order.shape
    units, top = layout.units[-1], len(layout.widths) - 2
    a, delta = zeros(count * units), zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    nothing, ones = zeros(units), np.ones(count, f4)
    for r in range(len(nets.weights)):
        rows = order[r % replicas]
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                layout.widths[-1], scratch)  # fmt: skip
        _backward(
            layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), a, delta, nothing
        )
        for l in range(top + 1):
            u = layout.units[l]
            add_rows(bias_gradients[r], u, nothing, 0, delta, count * u, None, ones, 0, count,
                      layout.pads[l + 1])  # fmt: skip


@njit(cache=True, error_model="numpy")
def evaluate(
    layout: Layout, images: SparseImages, rows: np.ndarray, nets: Nets, rule: Rule,
    correct: np.ndarray, costs: np.ndarray,
):  # fmt: skip
    """Add up right answers and costs of every network (R,) over the examples `rows`."""
    count, units, top = len(rows), layout.units[-1], len(layout.widths) - 2
    a, small = zeros(count * units), zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    start, pad, classes = count * layout.units[top], layout.pads[-1], layout.widths[-1]
    for r in range(len(nets.weights)):
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        costs[r] += _costs(layout, images, rows, rule.cost, a, small, scratch)
        for e in range(count):
            row = start + e * pad
            correct[r] += np.argmax(a[row : row + classes]) == images.labels[rows[e]]
