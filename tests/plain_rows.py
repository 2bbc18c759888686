"""What kernel/rows.py compiles, in numpy: for the kernels as plain Python, which has no intrinsics.

Coverage sees no branch of compiled code, and a spoiled kernel would compile for minutes: both run
the tests with NUMBA_DISABLE_JIT=1. That these sums are those of the vector instructions is what
tests/kernel/test_rows.py proves.
"""

import numpy as np

from depthgauge.kernel import rows


def install():
    """Put the plain sums in the place of the compiled ones, before another module takes those."""
    rows.add_rows, rows.add_to_rows, rows.add_dots = add_rows, add_to_rows, add_dots
    rows.prefetch = prefetch


def _places(columns, first, count):
    return np.arange(count) if columns is None else columns[first : first + count].astype(int)


def add_rows(out, o, start, s, matrix, m, columns, values, first, count, width):
    """out[o:][:width] = start[s:][:width] + sum over k of values[k] row columns[k] of matrix."""
    places = m + _places(columns, first, count)[:, None] * width + np.arange(width)
    out[o : o + width] = start[s : s + width] + values[first : first + count] @ matrix[places]


def add_to_rows(matrix, m, columns, values, first, count, width, vector, v):
    """Row columns[k] of matrix += values[k] vector[v:][:width]; no column twice."""
    places = m + _places(columns, first, count)[:, None] * width + np.arange(width)
    matrix[places] += values[first : first + count, None] * vector[v : v + width]


def add_dots(out, o, step, matrix, m, count, width, vector, v):
    """out[o + k step] += row k of matrix times vector[v:][:width]."""
    table = matrix[m : m + count * width].reshape(count, width)
    out[o : o + count * step : step] += table @ vector[v : v + width]


def prefetch(matrix, m, width):
    """Nothing: it is for speed alone."""
