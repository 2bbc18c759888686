"""Gradient descent on one narrow network after another, and looks at it on the way.

A replica does all its steps before the next one begins: its weights stay in the cache, and so they
are there for who looks. Coming back to each replica for every look costs as much as the look.
"""

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.elementwise import f4, output, shrink
from depthgauge.kernel.memory import zeros
from depthgauge.kernel.narrow import (
    Layout,
    Nets,
    accumulate,
    accumulate_inputs,
    accumulate_transposed,
    backward,
    forward,
)
from depthgauge.kernel.narrow_looks import Glance, ProbeSet, glance, room
from depthgauge.kernel.rule import Rule
from depthgauge.kernel.sparse import SparseImages

# Every scratch array is filled before it is read, but for the paddings' zeros.


@compiled()
def descend(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    rates: np.ndarray, decay: np.ndarray, steps: int,
    probe_set: ProbeSet, due: np.ndarray, seen: Glance,
):  # fmt: skip
    """Do so many steps of gradient descent on every network, in place.

    order (step, replica, example) int64, or (1, 1, example) for the same examples at every step;
    rates and decay (R,) float32: w <- decay w - rate mean dC/dw. Before each of the steps `due`
    (look,) int64, ascending, the gradient over `probe_set` is measured, into a row of `seen` each.
    """
    orders, replicas, count = order.shape
    units = layout.units[-1]
    a, delta = zeros(count * units), zeros(count * units)
    scratch = np.zeros(2 * count * units, np.int32)
    nothing, ones = zeros(units), np.ones(count, f4)
    aside = room(layout, probe_set)
    top = len(layout.widths) - 2
    for r in range(len(rates)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        looks = 0
        for s in range(steps):
            if looks < len(due) and due[looks] == s:
                glance(layout, probe_set, w, t, b, rule, aside, seen, looks, r)
                looks += 1
            rows = order[s % orders, r % replicas]
            forward(layout, images, rows, w, b, rule.activation, a, scratch)
            output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                    layout.widths[-1], scratch)  # fmt: skip
            backward(layout, images, rows, t, rule, -rates[r] / f4(count), a, delta, nothing)
            if decay[r] != f4(1):
                shrink(w, decay[r])
                shrink(t, decay[r])
            accumulate_inputs(layout, images, rows, delta, w)
            accumulate(layout, count, a, delta, ones, w, b)
            accumulate_transposed(layout, count, a, delta, t)
