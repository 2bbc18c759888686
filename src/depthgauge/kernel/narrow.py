"""Forward pass, back-propagation and gradients of one narrow network after another.

A step of a net like [784, 30, 30, 10] is a few thousand sums over rows of thirty numbers. Here
each is a few vector instructions, a replica's weights stay in the processor's cache for a whole
chunk of steps, and pixels that are 0 cost nothing: three times the speed of batched matrix
products (bench/). What a replica computes cannot depend on its companions: they never meet.

Weights lie twice: by rows of W^T (one for each unit that a layer is fed by), which the forward
pass adds up, and by rows of W, which back-propagation adds up. Rows are padded to PAD floats.
"""

from typing import NamedTuple

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import activate, chain, output_delta
from depthgauge.kernel.memory import offsets, zeros
from depthgauge.kernel.rows import PAD, add_rows, add_to_rows


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


def layout(widths: tuple[int, ...]) -> Layout:
    """Return where the numbers of a network [n_0, ..., n_L] lie."""
    n = np.array(widths)
    pads = np.concatenate([n[:1], -(-n[1:] // PAD) * PAD])
    transposed = n[1:] * pads[:-1]
    transposed[0] = 0
    return Layout(n, pads, offsets(n[:-1] * pads[1:]), offsets(transposed), offsets(pads[1:]))


def empty_nets(replicas: int, where: Layout) -> Nets:
    """Return R networks of zeros, whose rows begin at cache lines."""
    sizes = [int(ends[-1]) for ends in (where.weights, where.transposed, where.units)]
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


@compiled()
def _transpose(rows, first, pad, w):
    replicas, n_out, n_in = w.shape
    for r in range(replicas):
        row = rows[r, first : first + n_in * pad]
        for j in range(n_out):
            for i in range(n_in):
                w[r, j, i] = row[i * pad + j]


# The passes. `rows` are the examples' numbers; `a` and `delta` hold every layer's units, example
# after example, layer after layer.


@compiled()
def forward(layout, images, rows, w, b, code, a, scratch):
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


@compiled()
def backward(layout, images, rows, t, rule, scale, a, delta, nothing):
    """Fill delta with scale dC/dz^l of each example (BP1, BP2), from a^L; padding stays 0."""
    count, top = len(rows), len(layout.widths) - 2
    output_delta(rule, a, delta, count * layout.units[top], layout.pads[-1], layout.widths[-1],
                 images.labels, rows, scale)  # fmt: skip
    for l in range(top - 1, -1, -1):
        here, after = count * layout.units[l], count * layout.units[l + 1]
        pad, fed, n = layout.pads[l + 1], layout.pads[l + 2], layout.widths[l + 2]
        o = layout.transposed[l + 1]
        for e in range(count):
            add_rows(delta, here + e * pad, nothing, 0, t, o, None, delta, after + e * fed, n, pad)
        chain(rule.activation, delta[here:after], a[here:after])


@compiled()
def accumulate_inputs(layout, images, rows, delta, w):
    """w^T += sum over examples of x delta^T (BP4), layer 1."""
    pad = layout.pads[1]
    for e in range(len(rows)):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        add_to_rows(w, 0, images.columns, images.values, first, stop - first, pad, delta, e * pad)


@compiled()
def accumulate(layout, count, a, delta, ones, w, b):
    """w^T += sum over examples of a^{l-1} delta^T, layers 2..L; b += sum of delta (BP3, BP4)."""
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n, o = layout.pads[l], layout.pads[l + 1], layout.widths[l], layout.weights[l]
        for e in range(count):
            add_to_rows(w, o, None, a, before + e * fed, n, pad, delta, here + e * pad)
    for l in range(len(layout.widths) - 1):
        u = layout.units[l]
        add_rows(b, u, b, u, delta, count * u, None, ones, 0, count, layout.pads[l + 1])


@compiled()
def accumulate_transposed(layout, count, a, delta, t):
    """The same sums into the rows of W, layers 2..L."""
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l + 1]
        o = layout.transposed[l]
        for e in range(count):
            add_to_rows(t, o, None, delta, here + e * pad, n, fed, a, before + e * fed)
