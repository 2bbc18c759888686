"""A permutation test of whether two groups of seeds differ by more than chance.

If nothing changed, a seed's numbers could equally have come from the other group. So the seeds are
permuted, all permutations or a random sample, and for each the largest difference anywhere is kept:
a difference is beyond chance if few permutations give one as large at any place. This is valid for
any number of places, any dependence between them and any distribution.
Source: Westfall and Young, Resampling-Based Multiple Testing (1993), section 2.6 (max T).
"""

from collections.abc import Iterable, Iterator
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MOST_PERMUTATIONS = 2000
"""At most; if more are possible, a random sample that is always the same."""

ROUNDING = 1e-5
"""Means closer than this part of the largest value are the same: sums in single precision."""


def permutations(first: int, second: int, paired: bool) -> Values:
    """Return the weights of the seeds, (permutation, seed), of length 1; row 0 permutes nothing.

    Unpaired: rows are mean of the first group less mean of the second, over first + second seeds.
    Paired: rows are signs of the differences of seeds that both groups have.
    """
    rows = _signs(first) if paired else _groups(first, second)
    weights = np.array(list(rows), np.float64)
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


def contrast(first: Values, second: Values, paired: bool) -> Values:
    """Return what `permutations` weighs, (seed, place), each column of length 1 or 0.

    `first` and `second` are (seed, place). A place that is not finite in every seed, or whose means
    agree up to rounding, gives a column of zeros: it shows no difference.
    """
    both = np.concatenate([first, second])
    finite = np.isfinite(both).all(axis=0)
    both = np.where(finite, both, 0.0)
    one, two = both[: len(first)], both[len(first) :]
    apart = np.abs(one.mean(axis=0) - two.mean(axis=0)) > ROUNDING * np.abs(both).max(axis=0)
    rows = one - two if paired else both - both.mean(axis=0)
    lengths = np.linalg.norm(rows, axis=0)
    return np.where(apart & (lengths > 0), rows / np.where(lengths > 0, lengths, 1), 0.0)


def chances(contrasts: Iterable[Values], weights: Values) -> list[Values]:
    """Return for each contrast the p value of its places, (place,), adjusted for all of them."""
    observed, largest = [], np.zeros(len(weights))
    for each in contrasts:
        found = np.abs(weights @ each)
        observed.append(found[0])
        largest = np.maximum(largest, found.max(axis=1, initial=0.0))
    ordered = np.sort(largest)
    below = [np.searchsorted(ordered, each - 1e-9, side="left") for each in observed]
    return [1 - each / max(len(weights), 1) for each in below]


def _signs(seeds: int) -> Iterator[tuple[float, ...]]:
    """Signs of paired differences; a row and its mirror image count once."""
    if 2 ** (seeds - 1) <= MOST_PERMUTATIONS:
        yield from ((1.0, *signs) for signs in product((1.0, -1.0), repeat=seeds - 1))
        return
    random = np.random.default_rng(0)
    yield (1.0,) * seeds
    yield from map(tuple, random.choice([1.0, -1.0], (MOST_PERMUTATIONS - 1, seeds)))


def _groups(first: int, second: int) -> Iterator[Values]:
    """Group memberships; between groups of one size a row and its mirror image count once."""
    seeds, mirrored = first + second, first == second
    if comb(seeds, first) // (2 if mirrored else 1) <= MOST_PERMUTATIONS:
        chosen = combinations(range(seeds), first)
        members = [group for group in chosen if 0 in group or not mirrored]
    else:
        random = np.random.default_rng(0)
        others = [random.permutation(seeds)[:first].tolist() for _ in range(MOST_PERMUTATIONS - 1)]
        members = [list(range(first)), *others]
    for group in members:
        row = np.full(seeds, -1 / second)
        row[list(group)] = 1 / first
        yield row
