"""The order of examples: permutations, a pure function of seed and step."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgauge.datasets import batches
from depthgauge.datasets.batches import example_order, kept_orders, step_indices

small = st.integers(1, 40)


@given(st.integers(0, 2**40), st.integers(0, 1000), small)
def test_order_is_a_permutation(seed, epoch, examples):
    """Every example once."""
    assert sorted(example_order(seed, epoch, examples)) == list(range(examples))


def test_orders_differ_and_repeat():
    """Another seed or epoch is another order; the same ones give the same, also without cache."""
    orders = [example_order(seed, epoch, 100) for seed in range(3) for epoch in range(3)]
    assert len({order.tobytes() for order in orders}) == 9
    kept_orders.cache_clear()
    again = [example_order(seed, epoch, 100) for seed in range(3) for epoch in range(3)]
    assert all(np.array_equal(a, b) for a, b in zip(orders, again, strict=True))


def test_first_places_are_uniform():
    """Over seeds each of 5 examples comes first equally often (chi-squared, 4 degrees)."""
    counts = np.bincount([example_order(seed, 0, 5)[0] for seed in range(2000)], minlength=5)
    assert ((counts - 400) ** 2 / 400).sum() < 18.5  # exceeded by chance once in 1,000


@settings(max_examples=50)
@given(st.integers(0, 100), st.integers(0, 60), st.integers(0, 30), st.integers(1, 7), small)
def test_steps_follow_the_epochs(seed, first, steps, batch_size, examples):
    """Step by step, epoch by epoch, what is left of an epoch dropped: written out plainly."""
    if batch_size >= examples:
        return
    per_epoch = examples // batch_size
    plain = []
    for step in range(first, first + steps):
        order = example_order(seed, step // per_epoch, examples)
        start = step % per_epoch * batch_size
        plain.append(list(order[start : start + batch_size]))
    got = step_indices(seed, first, steps, batch_size, examples)
    assert got.shape == (steps, batch_size)
    assert got.tolist() == plain


def test_chunks_join_to_the_whole():
    """A run in chunks, or resumed, sees what a run in one piece sees."""
    whole = step_indices(3, 0, 35, 10, 100)
    parts = [step_indices(3, first, 7, 10, 100) for first in range(0, 35, 7)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_full_batch_keeps_the_order_of_the_file():
    """With all examples in each step all seeds see the same, so that they can share images."""
    assert step_indices(1, 5, 2, 4, 4).tolist() == [[0, 1, 2, 3]] * 2
    assert np.array_equal(step_indices(1, 5, 2, 4, 4), step_indices(2, 0, 2, 4, 4))


def test_returned_indices_are_the_callers_own():
    """Writing to them cannot spoil a later call."""
    step_indices(0, 0, 1, 10, 10)[:] = 0
    step_indices(0, 0, 2, 5, 10)[:] = 0
    assert sorted(step_indices(0, 0, 2, 5, 10).ravel()) == list(range(10))


def test_many_seeds_cost_little():
    """64 seeds, 5,000 steps (an epoch of Nielsen's) in chunks of 100: far below 10 ms a chunk."""
    kept_orders.cache_clear()
    begun = time.process_time()
    for first in range(0, 5000, 100):
        for seed in range(64):
            step_indices(seed, first, 100, 10, 50_000)
    assert (time.process_time() - begun) / 50 < 0.010


def test_any_number_of_seeds_draws_each_order_once(monkeypatch):
    """500 seeds in turn, chunk by chunk across an epoch's edge; two orders a seed are kept."""
    kept_orders.cache_clear()
    drawn = []
    plain = batches._drawn
    monkeypatch.setattr(batches, "_drawn", lambda *key: drawn.append(key) or plain(*key))
    for first in range(0, 30, 3):  # ten steps an epoch: chunks 3 and 6 lie across an edge
        for seed in range(500):
            step_indices(seed, first, 3, 10, 100)
    assert len(drawn) == len(set(drawn)) == 3 * 500
    assert {len(kept_orders(seed, 100)) for seed in range(500)} == {2}
