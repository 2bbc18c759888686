"""The sums written in vector instructions, against loops over single numbers.

All numbers are small integers, whose sums float32 holds exactly in any order: equal is equal.
"""

import numpy as np
import pytest
from numba import njit

from depthgauge.kernel.rows import add_dots, add_rows, add_rows_to_two, add_to_rows

MARGIN = 64
"""Numbers before and behind what is written: none may change."""
WIDTHS = pytest.mark.parametrize("width", [32, 96])  # one step of the loop over a row, and three
COUNTS = pytest.mark.parametrize("count", [0, 1, 2, 5, 7, 11])  # even, odd; groups of five, rest


@njit
def rows_added(out, o, start, s, matrix, m, columns, values, first, count, width):
    add_rows(out, o, start, s, matrix, m, columns, values, first, count, width)


@njit
def added_to_rows(matrix, m, columns, values, first, count, width, vector, v):
    add_to_rows(matrix, m, columns, values, first, count, width, vector, v)


@njit
def rows_added_to_two(out, one, other, matrix, m, values, first, second, count, width):
    add_rows_to_two(out, one, other, matrix, m, values, first, second, count, width)


@njit
def dots_added(out, o, step, shift, matrix, m, count, width, vectors, one, other):
    add_dots(out, o, step, shift, matrix, m, count, width, vectors, one, other)


def integers(*shape, seed=0):
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float32)


def flat(table):
    """A table in one dimension, between margins."""
    edge = np.full(MARGIN, 7, np.float32)
    return np.concatenate([edge, table.ravel(), edge])


@pytest.fixture(params=["all rows", "chosen rows"])
def columns(request):
    """None for the rows in their order, or three entries of something else and then some rows."""
    if request.param == "all rows":
        return None
    return np.array([99, 99, 99, 4, 11, 0, 2, 13, 6, 1, 3, 8, 12, 9], np.uint16)


def chosen(columns, count):
    return list(range(count)) if columns is None else [int(c) for c in columns[3 : 3 + count]]


@WIDTHS
@COUNTS
def test_a_sum_of_rows(width, count, columns):
    """Each number is that of `start` plus values times rows; nothing beside it is written."""
    table, values, start = integers(14, width), integers(20, seed=1), integers(width, seed=2)
    out = flat(np.zeros(width, np.float32))
    wanted = out.copy()
    for j in range(width):
        wanted[MARGIN + j] = start[j]
        for k, row in enumerate(chosen(columns, count)):
            wanted[MARGIN + j] += values[3 + k] * table[row, j]
    rows_added(out, MARGIN, flat(start), MARGIN, flat(table), MARGIN, columns, values, 3, count,
               width)  # fmt: skip
    np.testing.assert_array_equal(out, wanted)


@WIDTHS
@COUNTS
def test_a_vector_added_to_rows(width, count, columns):
    """Each row gets its own multiple of the vector; the other rows and the margins stay."""
    table, values, vector = integers(14, width), integers(20, seed=1), integers(width, seed=2)
    found = flat(table)
    wanted = table.copy()
    for k, row in enumerate(chosen(columns, count)):
        for j in range(width):
            wanted[row, j] += values[3 + k] * vector[j]
    added_to_rows(found, MARGIN, columns, values, 3, count, width, flat(vector), MARGIN)
    np.testing.assert_array_equal(found, flat(wanted))


@WIDTHS
@COUNTS
@pytest.mark.parametrize("apart", [True, False])
def test_sums_of_rows_for_two_at_once(width, count, apart):
    """Each is the sum with its own values, added to what is there; twice the same one is one."""
    table, values = integers(14, width), integers(40, seed=1)
    out = flat(integers(3, width, seed=2))
    one, second = MARGIN, (20 if apart else 3)
    other = one + 2 * width if apart else one
    wanted = out.copy()
    for place, first in {one: 3, other: second}.items():
        for k in range(count):
            wanted[place : place + width] += values[first + k] * table[k]
    rows_added_to_two(out, one, other, flat(table), MARGIN, values, 3, second, count, width)
    np.testing.assert_array_equal(out, wanted)


@WIDTHS
@COUNTS
@pytest.mark.parametrize(("step", "shift"), [(1, 15), (3, 1)])
def test_dots_of_rows_with_two_vectors(width, count, step, shift):
    """They are added to what is there, `step` places apart, the second vector's `shift` further."""
    table, vectors = integers(14, width), integers(3, width, seed=2)
    found = flat(integers(40, seed=3))
    wanted = found.copy()
    for k in range(count):
        wanted[MARGIN + k * step] += table[k] @ vectors[0]
        wanted[MARGIN + k * step + shift] += table[k] @ vectors[2]
    places = MARGIN, MARGIN + 2 * width
    dots_added(
        found, MARGIN, step, shift, flat(table), MARGIN, count, width, flat(vectors), *places
    )
    np.testing.assert_array_equal(found, wanted)
