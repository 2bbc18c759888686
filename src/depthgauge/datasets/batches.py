"""Which examples each SGD step sees: a pure function of seed and step, so that nothing is stored.

A resumed run asks for the steps that are left and gets what it would have got.
"""

from functools import lru_cache

import numpy as np

ORDER_STREAM = 1
"""Sets the order of examples apart from all else that is drawn from the same seed."""


def example_order(seed: int, epoch: int, examples: int) -> np.ndarray:
    """Return the order in which `seed` sees the examples in this epoch: (examples,) int32.

    Do not write to it: the two latest of each seed are kept, which is what a chunk of steps needs
    at an epoch's edge, however many seeds take turns.
    """
    kept = kept_orders(seed, examples)
    if epoch not in kept:
        if len(kept) == 2:
            del kept[next(iter(kept))]
        kept[epoch] = _drawn(seed, epoch, examples)
    return kept[epoch]


@lru_cache(maxsize=4096)  # 400 kB a seed with 50,000 examples
def kept_orders(seed: int, examples: int) -> dict[int, np.ndarray]:
    """Return the place for the orders of a seed, by epoch, in which they were drawn."""
    return {}


def _drawn(seed: int, epoch: int, examples: int) -> np.ndarray:
    """A permutation without any state, from a counter-based generator keyed by seed and epoch."""
    key = np.random.SeedSequence(entropy=seed, spawn_key=(ORDER_STREAM, epoch))
    # sorting raw 64-bit draws, since numpy promises those to stay the same in all versions
    order = np.argsort(np.random.Philox(key).random_raw(examples)).astype(np.int32)
    order.flags.writeable = False
    return order


def step_indices(
    seed: int, first_step: int, steps: int, batch_size: int, examples: int
) -> np.ndarray:
    """Return the examples of SGD steps first_step ... first_step + steps - 1: (steps, batch_size).

    Each epoch takes a fresh permutation; what is left at its end, less than a mini-batch, is left
    out. Full-batch steps see the examples in their own order, the same for all seeds.
    """
    if batch_size == examples:
        return np.tile(np.arange(examples, dtype=np.int32), (steps, 1))
    per_epoch = examples // batch_size
    pieces = []
    step, end = first_step, first_step + steps
    while step < end:
        epoch, within = divmod(step, per_epoch)
        count = min(end - step, per_epoch - within)
        order = example_order(seed, epoch, examples)
        pieces.append(order[within * batch_size : (within + count) * batch_size])
        step += count
    return np.concatenate([np.empty(0, np.int32), *pieces]).reshape(steps, batch_size)
