"""Forward pass, back-propagation and gradients of one narrow network after another.

A step of a net like [784, 30, 30, 10] is a few thousand sums over rows of thirty numbers. Here
each is a few vector instructions, a replica's weights stay in the processor's cache for a whole
chunk of steps, and pixels that are 0 cost nothing: three times the speed of batched matrix
products (bench/). Replicas share no memory, so none depends on how many there are.

Weights are stored twice: as rows of W^T (one for each input of a layer), which the forward pass
adds up, and as rows of W, which back-propagation adds up. Rows are padded to multiples of LANES.
"""

import itertools
from typing import NamedTuple

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import activate, chain, output_delta
from depthgauge.kernel.rows import add_rows, add_to_rows
from depthgauge.kernel.vectors import LANES, f4, zeros


class Layout(NamedTuple):
    """Sizes and offsets of a network's arrays: layer l = 1..L at index l - 1, then the end."""

    widths: np.ndarray
    """n_0, ..., n_L."""
    pads: np.ndarray
    """The same, rounded up to multiples of LANES (n_0 is never padded)."""
    weights: np.ndarray
    """Offsets of W^T: n_{l-1} rows of pads[l] floats."""
    transposed: np.ndarray
    """Offsets of W: n_l rows of pads[l-1] floats; none for layer 1, which passes nothing back."""
    units: np.ndarray
    """Offsets of a vector over units: biases, or the activations of one example."""


class Nets(NamedTuple):
    """The parameters of R networks, a row each, at the offsets of a Layout."""

    weights: np.ndarray
    transposed: np.ndarray
    biases: np.ndarray


def offsets(sizes: np.ndarray) -> np.ndarray:
    """Return the offsets of consecutive parts of these sizes, and the end of the last."""
    return np.concatenate([[0], np.cumsum(sizes)])


def layout(widths: tuple[int, ...]) -> Layout:
    """Return the layout of a network [n_0, ..., n_L]."""
    n = np.array(widths)
    pads = np.concatenate([n[:1], -(-n[1:] // LANES) * LANES])
    transposed = n[1:] * pads[:-1]
    transposed[0] = 0
    return Layout(n, pads, offsets(n[:-1] * pads[1:]), offsets(transposed), offsets(pads[1:]))


def empty_nets(replicas: int, where: Layout) -> Nets:
    """Return R networks of zeros; rows begin at cache lines."""
    sizes = [int(ends[-1]) for ends in (where.weights, where.transposed, where.units)]
    return Nets(*(zeros(replicas * size).reshape(replicas, size) for size in sizes))


def views(nets: Nets, where: Layout) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return views of `nets`: w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L.

    Third, the other copy of w^l, layers 2..L.
    """
    weights, biases, others = [], [], []
    for l, (n_in, n_out) in enumerate(itertools.pairwise(where.widths)):
        rows = nets.weights[:, where.weights[l] : where.weights[l + 1]]
        by_input = rows.reshape(len(rows), n_in, -1)[:, :, :n_out]
        weights.append(by_input.transpose(0, 2, 1))
        biases.append(nets.biases[:, None, where.units[l] : where.units[l] + n_out])
        if l:
            rows = nets.transposed[:, where.transposed[l] : where.transposed[l + 1]]
            others.append(rows.reshape(len(rows), n_out, -1)[:, :, :n_in])
    return weights, biases, others


class Work(NamedTuple):
    """Buffers of a pass over some examples: one number for each example and unit."""

    a: np.ndarray
    """Activations: layer by layer, within a layer example by example."""
    delta: np.ndarray
    """dC/dz in the same order; 0 in the padding."""
    scratch: np.ndarray
    """int32, twice as many."""
    ones: np.ndarray
    """A one for each example."""


@compiled()
def work(layout, count):
    """Return buffers for a pass over `count` examples."""
    size = count * layout.units[-1]
    return Work(zeros(size), zeros(size), np.zeros(2 * size, np.int32), np.ones(count, f4))


@compiled()
def forward(layout, images, rows, w, b, code, work):
    """a^l = f(w^l a^{l-1} + b^l) of the images `rows`; the last layer is left at z^L."""
    a, count, pad = work.a, len(rows), layout.pads[1]
    for e in range(count):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        add_rows(a, e * pad, b, 0, w, 0, images.columns, images.values, first, stop - first, pad)
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        activate(code, a[before:here], work.scratch)
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l]
        o, u = layout.weights[l], layout.units[l]
        for e in range(count):
            a[before + e * fed + n : before + (e + 1) * fed] = 0  # padding: a sigmoid of 0 is 1/2
            add_rows(a, here + e * pad, b, u, w, o, None, a, before + e * fed, n, pad)


@compiled()
def backward(layout, images, rows, t, rule, scale, work):
    """From z^L to a^L, and to scale dC/dz^l of each example and layer (BP1, BP2)."""
    a, delta, count, top = work.a, work.delta, len(rows), len(layout.widths) - 2
    z, last = count * layout.units[top], count * layout.units[top + 1]
    output_delta(rule, a[z:last], delta[z:last], layout.pads[-1], layout.widths[-1],
                 images.labels[rows], scale, work.scratch)  # fmt: skip
    for l in range(top - 1, -1, -1):
        here, after = count * layout.units[l], count * layout.units[l + 1]
        pad, fed, n = layout.pads[l + 1], layout.pads[l + 2], layout.widths[l + 2]
        o = layout.transposed[l + 1]
        for e in range(count):
            add_rows(delta, here + e * pad, None, 0, t, o, None, delta, after + e * fed, n, pad)
        chain(rule.activation, delta[here:after], a[here:after])


@compiled()
def add_bias_gradients(layout, work, b):
    """Add the sum of delta over the examples to each bias (BP3)."""
    count = len(work.ones)
    for l in range(len(layout.widths) - 1):
        u, pad = layout.units[l], layout.pads[l + 1]
        add_rows(b, u, b, u, work.delta, count * u, None, work.ones, 0, count, pad)


@compiled()
def add_weight_gradients(layout, work, w, t):
    """Add the sum of delta a over the examples to each weight of layers 2..L (BP4).

    None for `t`: to W^T alone.
    """
    a, delta, count = work.a, work.delta, len(work.ones)
    for l in range(1, len(layout.widths) - 1):
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad = layout.pads[l], layout.pads[l + 1]
        for e in range(count):
            input_, output = before + e * fed, here + e * pad
            add_to_rows(w, layout.weights[l], None, a, input_, layout.widths[l], pad, delta, output)
            if t is not None:
                add_to_rows(t, layout.transposed[l], None, delta, output, layout.widths[l + 1],
                            fed, a, input_)  # fmt: skip


@compiled()
def add_input_gradients(layout, images, rows, work, w):
    """Add the sum of delta x over the examples to the weights of layer 1, stored once (BP4)."""
    pad = layout.pads[1]
    for e in range(len(rows)):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        add_to_rows(w, 0, images.columns, images.values, first, stop - first, pad,
                    work.delta, e * pad)  # fmt: skip
