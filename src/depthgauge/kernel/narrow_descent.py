"""Gradient descent on one narrow network after another, with looks at the gradient.

A replica does all its steps before the next one begins, so that its weights stay in the cache. Its
looks are taken in between: returning to each replica for every look would cost as much as the look.
"""

import numpy as np

from depthgauge.kernel import narrow
from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.narrow import Layout, Nets
from depthgauge.kernel.narrow_looks import Looks, ProbeSet, look_at_replica
from depthgauge.kernel.rule import Rule
from depthgauge.kernel.sparse import SparseImages
from depthgauge.kernel.vectors import f4, zeros


@compiled()
def descend(
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    rates: np.ndarray, decay: np.ndarray, steps: int,
    probe_set: ProbeSet, due: np.ndarray, seen: Looks,
):  # fmt: skip
    """Do `steps` steps of gradient descent on every network, in place.

    order (step, replica, example) int64, or (1, 1, example) for the same examples at every step;
    rates and decay (R,) float32: w <- decay w - rate mean dC/dw. Before each of the steps `due`
    (look,) int64, ascending, the gradient over `probe_set` is measured, into a row of `seen` each.
    """
    orders, replicas, count = order.shape
    work, aside = narrow.work(layout, count), narrow.work(layout, len(probe_set.images.labels))
    gradient = zeros(layout.weights[-1])
    for r in range(len(rates)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        looks = 0
        for s in range(steps):
            if looks < len(due) and due[looks] == s:
                look_at_replica(layout, probe_set, w, t, b, rule, aside, gradient, seen, looks, r)
                looks += 1
            rows = order[s % orders, r % replicas]
            narrow.forward(layout, images, rows, w, b, rule.activation, work)
            narrow.backward(layout, images, rows, t, rule, -rates[r] / f4(count), work)
            if decay[r] != f4(1):
                w *= decay[r]
                t *= decay[r]
            narrow.add_input_gradients(layout, images, rows, work, w)
            narrow.add_weight_gradients(layout, work, w, t)
            narrow.add_bias_gradients(layout, work, b)
