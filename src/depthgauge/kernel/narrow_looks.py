"""Read-only measurements of narrow networks: gradient norms, costs and right answers."""

from typing import NamedTuple

import numpy as np

from depthgauge.kernel import narrow
from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import REORDER, exp, square_sum
from depthgauge.kernel.narrow import Layout, Nets
from depthgauge.kernel.rows import add_dots, add_rows
from depthgauge.kernel.rule import CROSS_ENTROPY, NLL, Rule
from depthgauge.kernel.sparse import SparseImages, sparse
from depthgauge.kernel.vectors import f4, zeros

MOST_IN_GRAM = 256
"""Examples up to which a sum over their pairs is shorter than one over weights."""
CANCELLED = 1e-4
"""Share of its largest possible value below which that sum over pairs has lost its last digits."""
PIXELS = 16
"""Pixels whose weights' gradients are squared at once."""
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
    """Return images (N, feature) uint8, divided by `divide`, in the form that `look` needs."""
    images = sparse(pixels, labels, divide)
    by_pixel = sparse(np.ascontiguousarray(pixels.T), labels, divide)
    if len(labels) > MOST_IN_GRAM:
        return ProbeSet(images, by_pixel, np.zeros((0, 0), f4))
    numbers = pixels.astype(np.float64)  # integers: their products and sums are exact
    return ProbeSet(images, by_pixel, (numbers @ numbers.T / divide**2).astype(f4))


class Looks(NamedTuple):
    """The results of looks, a row of each array a look: means over the examples, of R networks."""

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


def empty_looks(looks: int, replicas: int, layout: Layout) -> Looks:
    """Return zeros for this many looks at R networks."""
    biases, deltas, weights = np.zeros((3, looks, replicas, len(layout.widths) - 1), f4)
    units = np.zeros((looks, replicas, int(layout.units[-1])), f4)
    return Looks(units, biases, deltas, weights, np.zeros((looks, replicas), f4))


@compiled()
def _input_gradient_square(layout, probe_set, delta, part):
    """|sum over examples of delta x^T|^2 of layer 1; `part` holds as many numbers as w^1."""
    if len(probe_set.gram):
        total, most = _square_by_pairs(layout, probe_set.gram, delta)
        if total > CANCELLED * most and most > LOST:
            return total
    return _square_by_pixels(layout, probe_set.pixels, delta, part)


@compiled()
def _square_by_pairs(layout, gram, delta):
    """Sum over pairs of examples of (x x')(delta delta'), and its largest possible value."""
    pad, total, diagonal, count = layout.pads[1], 0.0, 0.0, len(gram)
    dots = zeros(2 * count)
    for e in range(0, count, 2):
        last = min(e + 1, count - 1)
        dots[:] = 0
        add_dots(dots, 0, 1, count, delta, 0, last + 1, pad, delta, e * pad, last * pad)
        for row in range(e, last + 1):
            found = dots[(row - e) * count :]
            total += 2 * _weighted(gram[row, :row], found[:row])
            diagonal += np.float64(gram[row, row]) * np.float64(found[row])
    return total + diagonal, len(gram) * diagonal


@compiled(fastmath=REORDER)
def _weighted(weights, x):
    total = 0.0
    for k in range(len(x)):
        total += np.float64(weights[k]) * np.float64(x[k])
    return total


@compiled()
def _square_by_pixels(layout, pixels, delta, part):
    """The sum of the gradient's squares, a few pixels at a time: rows of `part`, in the cache."""
    pad, total = layout.pads[1], 0.0
    for start in range(0, layout.widths[0], PIXELS):
        stop = min(start + PIXELS, layout.widths[0])
        for p in range(start, stop):
            first, count = pixels.starts[p], pixels.starts[p + 1] - pixels.starts[p]
            add_rows(part, (p - start) * pad, None, 0, delta, 0, pixels.columns, pixels.values,
                     first, count, pad)  # fmt: skip
        total += square_sum(part[: (stop - start) * pad])
    return total


@compiled(fastmath={"contract"})
def _costs(layout, images, rows, cost, work):
    """Return the sum of C over the examples, in float64, from z^L; overwrites `work.delta`.

    One logarithm an example: sum of log(1 + e^-|z|) is the log of a product of at most 2^classes.
    """
    a, small, count = work.a, work.delta, len(rows)
    pad, classes, start = layout.pads[-1], layout.widths[-1], count * layout.units[-2]
    for row in range(start, start + count * pad, pad):
        highest = a[row]
        for j in range(1, classes):
            highest = max(highest, a[row + j])
        z, power = a[row : row + pad], small[row - start : row - start + pad]
        for j in range(len(z)):
            power[j] = z[j] - highest if cost == NLL else -abs(z[j])
    exp(small[: count * pad], work.scratch)
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
def look_at_replica(layout, probe_set, w, t, b, rule, work, gradient, seen, k, r):
    """Measure the mean gradient of one network, the r-th, over all examples: the k-th look.

    `gradient` is scratch, like the weights.
    """
    images, delta, count = probe_set.images, work.delta, len(probe_set.images.labels)
    rows, sums = np.arange(count), seen.bias_gradients[k, r]
    narrow.forward(layout, images, rows, w, b, rule.activation, work)
    seen.costs[k, r] = _costs(layout, images, rows, rule.cost, work) / count
    delta[count * layout.units[-2] :] = 0
    narrow.backward(layout, images, rows, t, rule, f4(1) / f4(count), work)
    gradient[layout.weights[1] :] = 0
    narrow.add_weight_gradients(layout, work, gradient, None)
    sums[:] = 0
    narrow.add_bias_gradients(layout, work, sums)
    for l in range(len(layout.widths) - 1):
        here, width = count * layout.units[l], layout.pads[l + 1]
        squares = square_sum(sums[layout.units[l] : layout.units[l + 1]])
        seen.bias_norms[k, r, l] = np.sqrt(squares)
        if l == 0:
            squares = _input_gradient_square(layout, probe_set, delta, gradient)
        else:
            squares = square_sum(gradient[layout.weights[l] : layout.weights[l + 1]])
        seen.weight_norms[k, r, l] = np.sqrt(squares)
        squares = square_sum(delta[here : here + count * width])  # of delta / count
        seen.delta_rms[k, r, l] = np.sqrt(count * squares)


@compiled()
def look(layout: Layout, probe_set: ProbeSet, nets: Nets, rule: Rule, seen: Looks):
    """Measure the mean gradient of every network: one look, the first row of `seen`."""
    work, gradient = narrow.work(layout, len(probe_set.images.labels)), zeros(layout.weights[-1])
    for r in range(len(nets.weights)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        look_at_replica(layout, probe_set, w, t, b, rule, work, gradient, seen, 0, r)


@compiled()
def look_at_batch(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    bias_gradients: np.ndarray,
):  # fmt: skip
    """Add the mean of dC/db (R, padded units) over the examples order (1 or R, example)."""
    replicas, count = order.shape
    work = narrow.work(layout, count)
    for r in range(len(nets.weights)):
        rows = order[r % replicas]
        narrow.forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, work)
        narrow.backward(layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), work)
        narrow.add_bias_gradients(layout, work, bias_gradients[r])


@compiled()
def evaluate(
    layout: Layout, images: SparseImages, rows: np.ndarray, nets: Nets, rule: Rule,
    correct: np.ndarray, costs: np.ndarray,
):  # fmt: skip
    """Add up right answers and costs of every network (R,) over the examples `rows`."""
    count, pad, classes = len(rows), layout.pads[-1], layout.widths[-1]
    work = narrow.work(layout, count)
    for r in range(len(nets.weights)):
        narrow.forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, work)
        costs[r] += _costs(layout, images, rows, rule.cost, work)
        for e in range(count):
            row = count * layout.units[-2] + e * pad
            correct[r] += np.argmax(work.a[row : row + classes]) == images.labels[rows[e]]
