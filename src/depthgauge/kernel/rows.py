"""Sums over rows of numbers, sixteen at a time.

Arrays are one-dimensional, contiguous float32; offsets and widths count numbers, widths are
multiples of PAD. With None for `columns` the rows are 0, ..., count - 1.
"""

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.vectors import (
    LANES,
    add,
    load,
    multiply_add,
    prefetch,
    splat,
    store,
    total,
    zero,
)

PAD = 2 * LANES
"""Rows are multiples of this: two vectors at once hide the time that an addition takes."""


@compiled(forceinline=True)
def add_rows(out, o, start, s, matrix, m, columns, values, first, count, width):
    """Set `out[o:][:width]` to `start[s:]` plus all `values[k] matrix[m + columns[k] width:]`.

    k = first, ..., first + count - 1; even and odd ones are summed apart. None for `start` is 0.
    """
    for j in range(0, width, PAD):
        left = zero() if start is None else load(start, s + j)
        right = zero() if start is None else load(start, s + j + LANES)
        odd_left, odd_right = zero(), zero()
        for k in range(0, count - 1, 2):
            value = splat(values, first + k)
            row = m + j + (k if columns is None else columns[first + k]) * width
            left = multiply_add(value, load(matrix, row), left)
            right = multiply_add(value, load(matrix, row + LANES), right)
            value = splat(values, first + k + 1)
            row = m + j + (k + 1 if columns is None else columns[first + k + 1]) * width
            odd_left = multiply_add(value, load(matrix, row), odd_left)
            odd_right = multiply_add(value, load(matrix, row + LANES), odd_right)
        if count % 2:
            k = count - 1
            value = splat(values, first + k)
            row = m + j + (k if columns is None else columns[first + k]) * width
            left = multiply_add(value, load(matrix, row), left)
            right = multiply_add(value, load(matrix, row + LANES), right)
        store(out, o + j, add(left, odd_left))
        store(out, o + j + LANES, add(right, odd_right))


@compiled(forceinline=True)
def add_to_rows(matrix, m, columns, values, first, count, width, vector, v):
    """Add `values[k] vector[v:][:width]` to `matrix[m + columns[k] width:]`, for the same k."""
    for j in range(0, width, PAD):
        left, right = load(vector, v + j), load(vector, v + j + LANES)
        for k in range(count):
            value = splat(values, first + k)
            row = m + j + (k if columns is None else columns[first + k]) * width
            store(matrix, row, multiply_add(value, left, load(matrix, row)))
            store(matrix, row + LANES, multiply_add(value, right, load(matrix, row + LANES)))


@compiled(forceinline=True)
def add_dots(out, o, step, matrix, m, count, width, vector, v):
    """Add the sum of `matrix[m + k width:][:width] vector[v:]` to `out[o + k step]`, k < count.

    Five sums at once hide the time that an addition takes: ten examples, the usual mini-batch, are
    two such groups.
    """
    for k in range(0, count - 4, 5):
        row, at = m + k * width, o + k * step
        a = b = c = d = e = zero()
        for j in range(0, width, LANES):
            part = load(vector, v + j)
            prefetch(vector, v + width + j)
            a = multiply_add(part, load(matrix, row + j), a)
            b = multiply_add(part, load(matrix, row + width + j), b)
            c = multiply_add(part, load(matrix, row + 2 * width + j), c)
            d = multiply_add(part, load(matrix, row + 3 * width + j), d)
            e = multiply_add(part, load(matrix, row + 4 * width + j), e)
        out[at] += total(a)
        out[at + step] += total(b)
        out[at + 2 * step] += total(c)
        out[at + 3 * step] += total(d)
        out[at + 4 * step] += total(e)
    for k in range(count - count % 5, count):
        a = zero()
        for j in range(0, width, LANES):
            a = multiply_add(load(vector, v + j), load(matrix, m + k * width + j), a)
            prefetch(vector, v + width + j)
        out[o + k * step] += total(a)
