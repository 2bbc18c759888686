"""What is read off narrow networks: gradient norms, costs, right answers; nothing is changed."""

from typing import NamedTuple

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import REORDER, exp, f4, output, square_sum
from depthgauge.kernel.memory import zeros
from depthgauge.kernel.narrow import Layout, Nets, accumulate, backward, forward
from depthgauge.kernel.rows import LANES, add_dots, add_rows
from depthgauge.kernel.rule import CROSS_ENTROPY, NLL, Rule
from depthgauge.kernel.sparse import SparseImages, sparse

MOST_IN_GRAM = 256
"""Examples up to which a sum over their pairs is shorter than one over weights."""
CANCELLED = 1e-4
"""Share of its largest possible value below which that sum over pairs has lost its last digits."""
LOST = 1e-30
"""Squares of float32 numbers this small are rounded to 0."""


class ProbeSet(NamedTuple):
    """The examples that `look` measures the gradient on."""

    images: SparseImages
    pixels: SparseImages
    """The same numbers by pixel: the examples in which it is not 0, and its values."""
    gram: np.ndarray
    """(example, example) float32: products of two images; empty when MOST_IN_GRAM are too few."""


def probe_set(pixels: np.ndarray, labels: np.ndarray, divide: float) -> ProbeSet:
    """Return images (N, feature) uint8, divided by `divide`, as `look` wants them."""
    images = sparse(pixels, labels, divide)
    by_pixel = sparse(np.ascontiguousarray(pixels.T), labels, divide)
    if len(labels) > MOST_IN_GRAM:
        return ProbeSet(images, by_pixel, np.zeros((0, 0), f4))
    numbers = pixels.astype(np.float64)  # integers: their products and sums are exact
    return ProbeSet(images, by_pixel, (numbers @ numbers.T / divide**2).astype(f4))


class Glance(NamedTuple):
    """What looks write, a row of each array a look: means over the examples, of R networks."""

    bias_gradients: np.ndarray
    """(look, R, padded units): dC/db."""
    bias_norms: np.ndarray
    """(look, R, L): |dC/db^l|."""
    delta_rms: np.ndarray
    """(look, R, L): the root mean square of |delta^l|."""
    weight_norms: np.ndarray
    """(look, R, L): |dC/dw^l|."""
    costs: np.ndarray
    """(look, R): C."""


def empty_glance(looks: int, replicas: int, layout: Layout) -> Glance:
    """Return room for so many looks at R networks."""
    biases, deltas, weights = np.zeros((3, looks, replicas, len(layout.widths) - 1), f4)
    units = np.zeros((looks, replicas, int(layout.units[-1])), f4)
    return Glance(units, biases, deltas, weights, np.zeros((looks, replicas), f4))


class Room(NamedTuple):
    """Scratch of a look at one network."""

    a: np.ndarray
    delta: np.ndarray
    small: np.ndarray
    scratch: np.ndarray
    nothing: np.ndarray
    ones: np.ndarray
    gradient: np.ndarray
    part: np.ndarray
    dots: np.ndarray
    rows: np.ndarray


@compiled()
def room(layout, probe_set):
    """Return scratch for looks at the examples of `probe_set`."""
    count, units = len(probe_set.images.labels), layout.units[-1]
    numbers = count * units
    return Room(
        zeros(numbers), zeros(numbers), zeros(numbers), np.zeros(2 * numbers, np.int32),
        zeros(units), np.ones(count, f4), zeros(layout.weights[-1]), zeros(LANES * layout.pads[1]),
        zeros(len(probe_set.gram)), np.arange(count),
    )  # fmt: skip


@compiled()
def _input_gradient_square(layout, probe_set, delta, room):
    """|sum over examples of delta x^T|^2 of layer 1."""
    if len(room.dots):
        total, most = _square_by_pairs(layout, probe_set.gram, delta, room.dots)
        if total > CANCELLED * most and most > LOST:
            return total
    return _square_by_pixels(layout, probe_set.pixels, delta, room.nothing, room.part)


@compiled()
def _square_by_pairs(layout, gram, delta, dots):
    """Sum over pairs of examples of (x x')(delta delta'), and the most that it could be."""
    pad, total, diagonal = layout.pads[1], 0.0, 0.0
    for e in range(len(dots)):
        dots[: e + 1] = 0
        add_dots(dots, 0, 1, delta, 0, e + 1, pad, delta, e * pad)
        total += 2 * _weighted(gram[e, :e], dots[:e])
        diagonal += np.float64(gram[e, e]) * np.float64(dots[e])
    return total + diagonal, len(dots) * diagonal


@compiled(fastmath=REORDER)
def _weighted(weights, x):
    total = 0.0
    for k in range(len(x)):
        total += np.float64(weights[k]) * np.float64(x[k])
    return total


@compiled()
def _square_by_pixels(layout, pixels, delta, nothing, part):
    """The gradient's squares, a few pixels (rows of `part`) after others."""
    pad, total = layout.pads[1], 0.0
    rows = len(part) // pad
    for start in range(0, layout.widths[0], rows):
        stop = min(start + rows, layout.widths[0])
        for p in range(start, stop):
            first, count = pixels.starts[p], pixels.starts[p + 1] - pixels.starts[p]
            add_rows(part, (p - start) * pad, nothing, 0, delta, 0, pixels.columns, pixels.values,
                      first, count, pad)  # fmt: skip
        total += square_sum(part[: (stop - start) * pad])
    return total


@compiled(fastmath={"contract"})
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
            total = np.float64(highest) - np.float64(a[row + label])
        elif cost == CROSS_ENTROPY:
            for j in range(classes):
                total += max(a[row + j], f4(0))
                product *= 1.0 + small[e * pad + j]
            total -= a[row + label]
        else:
            for j in range(classes):
                power = np.float64(small[e * pad + j])
                output = (1.0 if a[row + j] > 0 else power) / (1.0 + power)
                total += (output - (1.0 if j == label else 0.0)) ** 2 / 2
        sums += total + np.log(product)
    return sums


@compiled()
def glance(layout, probe_set, w, t, b, rule, room, seen, k, r):
    """Measure the mean gradient of one network, the r-th, over all examples: the k-th look."""
    images, a, delta, gradient = probe_set.images, room.a, room.delta, room.gradient
    count, top, rows = len(room.rows), len(layout.widths) - 2, room.rows
    start, stop = count * layout.units[top], count * layout.units[-1]
    sums = seen.bias_gradients[k, r]
    forward(layout, images, rows, w, b, rule.activation, a, room.scratch)
    costs = _costs(layout, images, rows, rule.cost, a, room.small, room.scratch)
    seen.costs[k, r] = costs / count
    output(rule.cost, a, start, stop, layout.pads[-1], layout.widths[-1], room.scratch)
    backward(layout, images, rows, t, rule, f4(1) / f4(count), a, delta, room.nothing)
    gradient[layout.weights[1] :] = 0
    sums[:] = 0
    accumulate(layout, count, a, delta, room.ones, gradient, sums)
    for l in range(top + 1):
        here, width = count * layout.units[l], layout.pads[l + 1]
        squares = square_sum(sums[layout.units[l] : layout.units[l + 1]])
        seen.bias_norms[k, r, l] = np.sqrt(squares)
        if l == 0:
            squares = _input_gradient_square(layout, probe_set, delta, room)
        else:
            squares = square_sum(gradient[layout.weights[l] : layout.weights[l + 1]])
        seen.weight_norms[k, r, l] = np.sqrt(squares)
        squares = square_sum(delta[here : here + count * width])  # of delta / count
        seen.delta_rms[k, r, l] = np.sqrt(count * squares)


@compiled()
def look(layout: Layout, probe_set: ProbeSet, nets: Nets, rule: Rule, seen: Glance):
    """Measure the mean gradient of every network: one look, the first row of `seen`."""
    aside = room(layout, probe_set)
    for r in range(len(nets.weights)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        glance(layout, probe_set, w, t, b, rule, aside, seen, 0, r)


@compiled()
def look_at_batch(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    bias_gradients: np.ndarray,
):  # fmt: skip
    """Write the mean of dC/db (R, padded units) over the examples order (1 or R, example)."""
    replicas, count = order.shape
    units, top = layout.units[-1], len(layout.widths) - 2
    a, delta = zeros(count * units), zeros(count * units)
    scratch = np.zeros(2 * count * units, np.int32)
    nothing, ones = zeros(units), np.ones(count, f4)
    for r in range(len(nets.weights)):
        rows = order[r % replicas]
        forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                layout.widths[-1], scratch)  # fmt: skip
        backward(
            layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), a, delta, nothing
        )
        for l in range(top + 1):
            u = layout.units[l]
            add_rows(bias_gradients[r], u, nothing, 0, delta, count * u, None, ones, 0, count,
                      layout.pads[l + 1])  # fmt: skip


@compiled()
def evaluate(
    layout: Layout, images: SparseImages, rows: np.ndarray, nets: Nets, rule: Rule,
    correct: np.ndarray, costs: np.ndarray,
):  # fmt: skip
    """Add up right answers and costs of every network (R,) over the examples `rows`."""
    count, units, top = len(rows), layout.units[-1], len(layout.widths) - 2
    a, small = zeros(count * units), zeros(count * units)
    scratch = np.zeros(2 * count * units, np.int32)
    start, pad, classes = count * layout.units[top], layout.pads[-1], layout.widths[-1]
    for r in range(len(nets.weights)):
        forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        costs[r] += _costs(layout, images, rows, rule.cost, a, small, scratch)
        for e in range(count):
            row = start + e * pad
            correct[r] += np.argmax(a[row : row + classes]) == images.labels[rows[e]]
