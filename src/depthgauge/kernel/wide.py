"""Forward pass, back-propagation and update of wide networks, each weight fetched twice a step.

A step of a net of 1,000 units a layer and ten examples waits for its weights: they fit into no
core's cache. Matrix products fetch them for the forward pass, for the deltas, and for the update,
where the gradient that autograd stores comes on top. Here a few rows of W give the deltas of the
layer before and are updated while they are still at hand.
"""

from typing import NamedTuple

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import activate, chain, output_delta
from depthgauge.kernel.narrow import offsets
from depthgauge.kernel.rows import PAD, add_dots, add_rows
from depthgauge.kernel.rule import Rule
from depthgauge.kernel.vectors import LANES, f4, prefetch, zeros

ROWS = 8
"""Rows of W worked on at once: 32 KiB of a thousand weights each."""


class WideLayout(NamedTuple):
    """Where things lie: layer l = 1..L at index l - 1, with the end as last entry."""

    widths: np.ndarray
    """n_0, ..., n_L."""
    pads: np.ndarray
    """The same, rounded up to multiples of PAD."""
    weights: np.ndarray
    """Offsets of W: n_l rows of pads[l - 1] floats."""
    units: np.ndarray
    """Offsets of a vector with a number for each input and unit: layer l = 0..L at index l."""


class WideNets(NamedTuple):
    """The parameters of R networks, a row each; biases have room for the inputs, left unused."""

    weights: np.ndarray
    biases: np.ndarray


def wide_layout(widths: tuple[int, ...]) -> WideLayout:
    """Return where the numbers of a network [n_0, ..., n_L] lie."""
    n = np.array(widths)
    pads = -(-n // PAD) * PAD
    return WideLayout(n, pads, offsets(n[1:] * pads[:-1]), offsets(pads))


def empty_wide_nets(replicas: int, where: WideLayout) -> WideNets:
    """Return R networks of zeros, whose rows begin at cache lines."""
    sizes = int(where.weights[-1]), int(where.units[-1])
    return WideNets(*(zeros(replicas * size).reshape(replicas, size) for size in sizes))


def wide_units(numbers: np.ndarray, where: WideLayout, count: int) -> list[np.ndarray]:
    """Return `numbers` (R, count x units) as (R, example, n_l), layers 0..L, in place."""
    found = []
    for l, n in enumerate(where.widths):
        part = numbers[:, count * where.units[l] : count * where.units[l + 1]]
        found.append(part.reshape(len(numbers), count, -1)[:, :, :n])
    return found


def wide_views(nets: WideNets, where: WideLayout) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return `nets` as w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L, in place."""
    weights, biases = [], []
    for l in range(1, len(where.widths)):
        n_out, n_in = where.widths[l], where.widths[l - 1]
        rows = nets.weights[:, where.weights[l - 1] : where.weights[l]]
        weights.append(rows.reshape(len(rows), n_out, -1)[:, :, :n_in])
        biases.append(nets.biases[:, None, where.units[l] : where.units[l] + n_out])
    return weights, biases


@compiled()
def _forward(layout, w, b, rule, a, count, scratch):
    """From the inputs, which `a` begins with, to the pre-activation z^L."""
    top = len(layout.widths) - 1
    for l in range(1, top + 1):
        n, fed, pad, o = layout.widths[l], layout.pads[l - 1], layout.pads[l], layout.weights[l - 1]
        before, here = count * layout.units[l - 1], count * layout.units[l]
        for e in range(count):
            a[here + e * pad : here + (e + 1) * pad] = b[layout.units[l] : layout.units[l + 1]]
        for j in range(n):
            add_dots(a, here + j, pad, a, before, count, fed, w, o + j * fed)
        if l < top:
            activate(rule.activation, a[here : count * layout.units[l + 1]], scratch)
            for e in range(count):
                a[here + e * pad + n : here + (e + 1) * pad] = 0  # padding: a sigmoid of 0 is 1/2


@compiled()
def _output_delta(layout, rule, a, delta, labels, scale, scratch):
    """From z^L to a^L, and to delta^L = scale dC/dz^L of each example (BP1)."""
    z, last = len(labels) * layout.units[-2], len(labels) * layout.units[-1]
    pad, n = layout.pads[-1], layout.widths[-1]
    output_delta(rule, a[z:last], delta[z:last], pad, n, labels, scale, scratch)


@compiled()
def _backward(layout, w, b, rule, learning, decay, a, delta, count, turned):
    """From delta^L to delta^1 (BP2); when `learning`, update each layer on the way (BP3, BP4)."""
    for l in range(len(layout.widths) - 1, 0, -1):
        n, fed, pad, o = layout.widths[l], layout.pads[l - 1], layout.pads[l], layout.weights[l - 1]
        before, here = count * layout.units[l - 1], count * layout.units[l]
        for j in range(n if learning else 0):
            for e in range(count):
                turned[j * count + e] = delta[here + e * pad + j]
                b[layout.units[l] + j] += turned[j * count + e]
        delta[before:here] = 0
        for first in range(0, n, ROWS):
            rows, start = min(ROWS, n - first), o + first * fed
            if l > 1:
                for e in range(count):
                    for j in range(0, fed if e < ROWS else 0, LANES):
                        prefetch(w, start + (ROWS + e) * fed + j)
                    add_rows(delta, before + e * fed, delta, before + e * fed, w, start, None,
                             delta, here + e * pad + first, rows, fed)  # fmt: skip
            for j in range(rows if learning else 0):
                row = start + j * fed
                if decay != f4(1):
                    w[row : row + fed] *= decay
                add_rows(w, row, w, row, a, before, None, turned, (first + j) * count, count, fed)
        if l > 1:
            chain(rule.activation, delta[before:here], a[before:here])


@compiled()
def wide_step(layout: WideLayout, x, labels, nets: WideNets, rule: Rule, rates, decay):
    """Do one step of gradient descent on every network, in place.

    x (R, example, n_0) float32, labels (R, example) int64; rates and decay (R,) float32:
    w <- decay w - rate mean dC/dw.
    """
    count, size = x.shape[1], x.shape[1] * layout.units[-1]
    a, delta, scratch = zeros(size), zeros(size), np.zeros(2 * size, np.int32)
    turned = zeros(count * np.max(layout.pads))
    for r in range(len(rates)):
        w, b = nets.weights[r], nets.biases[r]
        for e in range(count):
            a[e * layout.pads[0] : e * layout.pads[0] + layout.widths[0]] = x[r, e]
        _forward(layout, w, b, rule, a, count, scratch)
        _output_delta(layout, rule, a, delta, labels[r], -rates[r] / f4(count), scratch)
        _backward(layout, w, b, rule, True, decay[r], a, delta, count, turned)


@compiled()
def wide_forward(layout: WideLayout, nets: WideNets, rule: Rule, count, a):
    """From the inputs to z^L, `count` examples through every network: a (R, count x units)."""
    scratch = np.zeros(2 * a.shape[1], np.int32)
    for r in range(len(a)):
        _forward(layout, nets.weights[r], nets.biases[r], rule, a[r], count, scratch)


@compiled()
def wide_backward(layout: WideLayout, nets: WideNets, rule: Rule, labels, a, delta):
    """From z^L to a^L, and to delta^l = dC/dz^l of each example; labels (example,) int64."""
    scratch, turned = np.zeros(2 * a.shape[1], np.int32), zeros(0)
    for r in range(len(a)):
        w, b = nets.weights[r], nets.biases[r]
        _output_delta(layout, rule, a[r], delta[r], labels, f4(1), scratch)
        _backward(layout, w, b, rule, False, f4(1), a[r], delta[r], len(labels), turned)
