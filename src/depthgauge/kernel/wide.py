"""Forward pass, back-propagation and update of wide networks, each weight fetched twice a step.

The weights of a net of 1,000 units a layer fit into no core's cache. Matrix products fetch them for
the forward pass, for the deltas, and for the update, where the gradient that autograd stores comes
on top. Here a few rows of W give the deltas of the layer before and are updated while they are
still in the cache, and a look at the gradient uses the same passes over W.
"""

from typing import NamedTuple

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import activate, chain, output_delta
from depthgauge.kernel.narrow import offsets
from depthgauge.kernel.rows import add_dots, add_rows_to_two
from depthgauge.kernel.rule import Rule
from depthgauge.kernel.vectors import LANES, f4, zeros

ROWS = 8
"""Rows of W worked on at once: 32 KiB of a thousand weights each."""


class WideLayout(NamedTuple):
    """Sizes and offsets of a network's arrays: layer l = 1..L at index l - 1, then the end."""

    widths: np.ndarray
    """n_0, ..., n_L."""
    pads: np.ndarray
    """The same, rounded up to multiples of LANES."""
    weights: np.ndarray
    """Offsets of W: n_l rows of pads[l - 1] floats."""
    units: np.ndarray
    """Offsets of a vector over inputs and units: layer l = 0..L at index l."""


class WideNets(NamedTuple):
    """The parameters of R networks, a row each; the first pads[0] biases are not used."""

    weights: np.ndarray
    biases: np.ndarray


def wide_layout(widths: tuple[int, ...]) -> WideLayout:
    """Return the layout of a network [n_0, ..., n_L]."""
    n = np.array(widths)
    pads = -(-n // LANES) * LANES
    return WideLayout(n, pads, offsets(n[1:] * pads[:-1]), offsets(pads))


def empty_wide_nets(replicas: int, where: WideLayout) -> WideNets:
    """Return R networks of zeros; rows begin at cache lines."""
    sizes = int(where.weights[-1]), int(where.units[-1])
    return WideNets(*(zeros(replicas * size).reshape(replicas, size) for size in sizes))


def wide_units(numbers: np.ndarray, where: WideLayout, count: int) -> list[np.ndarray]:
    """Return views of `numbers` (R, count x units): (R, example, n_l), layers 0..L."""
    found = []
    for l, n in enumerate(where.widths):
        part = numbers[:, count * where.units[l] : count * where.units[l + 1]]
        found.append(part.reshape(len(numbers), count, -1)[:, :, :n])
    return found


def wide_views(nets: WideNets, where: WideLayout) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return views of `nets`: w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L."""
    weights, biases = [], []
    for l in range(1, len(where.widths)):
        n_out, n_in = where.widths[l], where.widths[l - 1]
        rows = nets.weights[:, where.weights[l - 1] : where.weights[l]]
        weights.append(rows.reshape(len(rows), n_out, -1)[:, :, :n_in])
        biases.append(nets.biases[:, None, where.units[l] : where.units[l] + n_out])
    return weights, biases


class WideWork(NamedTuple):
    """Buffers of a pass over some examples: a row for each network, or one that all use in turn."""

    a: np.ndarray
    """(R or 1, example x units): activations, layer by layer from layer 0, then by example."""
    delta: np.ndarray
    """dC/dz^l in the same order; layer 0 is not used."""
    z: np.ndarray
    """(R or 1, example x padded classes): the pre-activation z^L."""


def wide_work(replicas: int, count: int, where: WideLayout) -> WideWork:
    """Return buffers for a pass over `count` examples."""
    sizes = [count * int(size) for size in (where.units[-1], where.units[-1], where.pads[-1])]
    return WideWork(*(zeros(replicas * size).reshape(replicas, size) for size in sizes))


@compiled()
def _forward(layout, w, b, rule, a, count, scratch):
    """From the inputs, at the start of `a`, to the pre-activation z^L."""
    top = len(layout.widths) - 1
    for l in range(1, top + 1):
        n, fed, pad, o = layout.widths[l], layout.pads[l - 1], layout.pads[l], layout.weights[l - 1]
        before, here = count * layout.units[l - 1], count * layout.units[l]
        for e in range(count):
            a[here + e * pad : here + (e + 1) * pad] = b[layout.units[l] : layout.units[l + 1]]
        for j in range(0, n, 2):  # an odd n: the padding is written, too
            k = min(j + 1, n - 1)
            add_dots(a, here + j, pad, 1, a, before, count, fed, w, o + j * fed, o + k * fed)
        if l < top:
            activate(rule.activation, a[here : count * layout.units[l + 1]], scratch)
            for e in range(count):
                a[here + e * pad + n : here + (e + 1) * pad] = 0  # padding: a sigmoid of 0 is 1/2


@compiled()
def _backward(layout, w, b, rule, decay, a, delta, count, learned, turned):
    """From delta^L to delta^1 (BP2); update each layer by the first `learned` examples (BP3, BP4).

    The deltas of the layer before are computed with the weights as they were.
    """
    for l in range(len(layout.widths) - 1, 0, -1):
        n, fed, pad, o = layout.widths[l], layout.pads[l - 1], layout.pads[l], layout.weights[l - 1]
        before, here = count * layout.units[l - 1], count * layout.units[l]
        for j in range(n):
            for e in range(learned):
                turned[j * learned + e] = delta[here + e * pad + j]
                b[layout.units[l] + j] += turned[j * learned + e]
        delta[before:here] = 0
        for first in range(0, n, ROWS):
            rows, start = min(ROWS, n - first), o + first * fed
            for e in range(0, count if l > 1 else 0, 2):
                f = min(e + 1, count - 1)
                here_e, here_f = here + e * pad + first, here + f * pad + first
                add_rows_to_two(delta, before + e * fed, before + f * fed, w, start,
                                delta, here_e, here_f, rows, fed)  # fmt: skip
            if learned and decay != f4(1):
                w[start : start + rows * fed] *= decay
            for j in range(first, first + rows if learned else first, 2):
                k = min(j + 1, first + rows - 1)
                add_rows_to_two(w, o + j * fed, o + k * fed, a, before, turned,
                                j * learned, k * learned, learned, fed)  # fmt: skip
        if l > 1:
            chain(rule.activation, delta[before:here], a[before:here])


@compiled()
def wide_step(
    layout: WideLayout, x: np.ndarray, labels: np.ndarray, probe_labels: np.ndarray,
    nets: WideNets, rule: Rule, rates: np.ndarray, decay: np.ndarray, learn: bool, work: WideWork,
):  # fmt: skip
    """Do one step of gradient descent on every network, in place, and look at further examples.

    x (R, example, n_0) float32, labels (R, example) int64; rates and decay (R,) float32:
    w <- decay w - rate mean dC/dw. Without `learn` no network changes.
    The further examples, probe_labels (example,) int64, come after these in `work`, whose a^0 must
    hold their inputs. There it gets their dC/dz^l, of the networks before the update.
    """
    batch, top = x.shape[1], layout.units[-2]
    count = batch + len(probe_labels)
    scratch = np.zeros(2 * count * layout.units[-1], np.int32)
    turned, pad, n = zeros(batch * np.max(layout.pads)), layout.pads[-1], layout.widths[-1]
    for r in range(len(rates)):
        w, b = nets.weights[r], nets.biases[r]
        a, delta = work.a[r % len(work.a)], work.delta[r % len(work.a)]
        for e in range(batch):
            a[e * layout.pads[0] : e * layout.pads[0] + layout.widths[0]] = x[r, e]
        _forward(layout, w, b, rule, a, count, scratch)
        z, probes, last = count * top, count * top + batch * pad, count * layout.units[-1]
        work.z[r % len(work.a)] = a[z:last]
        output_delta(rule, a[z:probes], delta[z:probes], pad, n, labels[r], -rates[r] / f4(batch),
                     scratch)  # fmt: skip
        output_delta(rule, a[probes:last], delta[probes:last], pad, n, probe_labels, f4(1), scratch)
        learned = batch if learn else 0
        _backward(layout, w, b, rule, decay[r], a, delta, count, learned, turned)
