"""Permuting seeds: exact where it can be counted by hand, correct about chance."""

import itertools

import numpy as np
import pytest

from depthgauge.comparison.permutation import chances, contrast, permutations


def test_one_place_is_the_exact_permutation_test():
    """p is the share of all permutations with means at least as far apart, counted by hand."""
    one, two = np.array([1.0, 2, 3, 7]), np.array([4.0, 5, 6, 8, 9])
    both = np.concatenate([one, two])
    gaps = [abs(np.mean(order[:4]) - np.mean(order[4:])) for order in itertools.permutations(both)]
    truth = np.mean(np.array(gaps) >= abs(one.mean() - two.mean()) - 1e-12)
    found = chances([contrast(one[:, None], two[:, None], False)], permutations(4, 5, False))
    assert found[0][0] == pytest.approx(truth)


def test_paired_seeds_are_the_exact_sign_test():
    """8 differences of one sign: 2 of 256 signs give a mean as far from 0."""
    one = np.arange(8.0)
    two = one + np.linspace(0.1, 0.2, 8)
    found = chances([contrast(one[:, None], two[:, None], True)], permutations(8, 8, True))
    assert found[0][0] == pytest.approx(2 / 256)


def compared(random, shift, paired, seeds=8, places=300):
    """p of the most different of many dependent places; `shift` moves one of them."""
    common = random.normal(size=(2, seeds, 1))  # a seed's places go together
    one, two = 0.7 * common + random.normal(size=(2, seeds, places))
    two[:, 7] += shift
    return chances([contrast(one, two, paired)], permutations(seeds, seeds, paired))[0]


@pytest.mark.parametrize("paired", [False, True])
def test_chance_alone_is_called_a_change_once_in_twenty(paired):
    """Over all 300 places together, not at each."""
    random = np.random.default_rng(5)
    found = [compared(random, 0, paired).min() < 0.05 for _ in range(100)]
    assert sum(found) <= 11  # of 100 at 5 %: 11 or more once in 100


def test_a_large_change_at_one_place_of_many_is_found_there():
    """Ten spreads at place 7, and nowhere else."""
    p = compared(np.random.default_rng(6), 10, False)
    assert p.argmin() == 7 and p[7] < 0.05 and (np.delete(p, 7) > 0.05).all()


def test_rounding_and_what_is_not_finite_show_no_difference():
    """A shift of one part in a million, the same in every seed; a diverged seed."""
    one = np.full((8, 2), 3.0)
    two = one * (1 + 1e-6)
    two[0, 1] = np.nan
    assert not contrast(one, two, True).any()
    assert contrast(one, one * (1 + 1e-4), True).any()


def test_permutations_are_counted_without_their_mirror_images():
    """C(6, 3) / 2 for 3 and 3 seeds, 2^9 for 10 pairs, at most 2,000, the same each time."""
    assert len(permutations(3, 3, False)) == 10
    assert len(permutations(3, 4, False)) == 35
    assert len(permutations(10, 10, True)) == 512
    many = permutations(40, 40, False)
    assert len(many) == 2000 and np.array_equal(many, permutations(40, 40, False))
    assert many[0, 0] > 0 > many[0, 40]
