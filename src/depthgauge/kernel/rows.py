"""Sums over rows of numbers, thirty-two at a time.

Arrays are one-dimensional, contiguous float32; offsets and widths count numbers, widths are
multiples of LANES. With None for `columns` the rows are 0, ..., count - 1.
"""

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.vectors import (
    HALF,
    LANES,
    add,
    load,
    load_halves,
    multiply_add,
    splat,
    store,
    totals,
    zero,
)


@compiled(forceinline=True)
def add_rows(out, o, start, s, matrix, m, columns, values, first, count, width):
    """Set `out[o:][:width]` to `start[s:]` plus all `values[k] matrix[m + columns[k] width:]`.

    k = first, ..., first + count - 1; even and odd ones are summed apart. None for `start` is 0.
    """
    for j in range(0, width, LANES):
        even, odd = zero() if start is None else load(start, s + j), zero()
        for k in range(0, count - 1, 2):
            row = m + j + (k if columns is None else columns[first + k]) * width
            even = multiply_add(splat(values, first + k), load(matrix, row), even)
            row = m + j + (k + 1 if columns is None else columns[first + k + 1]) * width
            odd = multiply_add(splat(values, first + k + 1), load(matrix, row), odd)
        if count % 2:
            k = count - 1
            row = m + j + (k if columns is None else columns[first + k]) * width
            even = multiply_add(splat(values, first + k), load(matrix, row), even)
        store(out, o + j, add(even, odd))


@compiled(forceinline=True)
def add_rows_to_two(out, one, other, matrix, m, values, first, second, count, width):
    """Add all `values[first + k] matrix[m + k width:]` to `out[one:]`, k < count, as add_rows does.

    And all `values[second + k] matrix[m + k width:]` to `out[other:]`: each row is fetched once for
    both. They may be the same two.
    """
    for j in range(0, width, LANES):
        even, odd = load(out, one + j), zero()
        other_even, other_odd = load(out, other + j), zero()
        for k in range(0, count - 1, 2):
            row = load(matrix, m + j + k * width)
            even = multiply_add(splat(values, first + k), row, even)
            other_even = multiply_add(splat(values, second + k), row, other_even)
            row = load(matrix, m + j + (k + 1) * width)
            odd = multiply_add(splat(values, first + k + 1), row, odd)
            other_odd = multiply_add(splat(values, second + k + 1), row, other_odd)
        if count % 2:
            row = load(matrix, m + j + (count - 1) * width)
            even = multiply_add(splat(values, first + count - 1), row, even)
            other_even = multiply_add(splat(values, second + count - 1), row, other_even)
        store(out, one + j, add(even, odd))
        store(out, other + j, add(other_even, other_odd))


@compiled(forceinline=True)
def add_to_rows(matrix, m, columns, values, first, count, width, vector, v):
    """Add `values[k] vector[v:][:width]` to `matrix[m + columns[k] width:]`, for the same k."""
    for j in range(0, width, LANES):
        part = load(vector, v + j)
        for k in range(count):
            row = m + j + (k if columns is None else columns[first + k]) * width
            store(matrix, row, multiply_add(splat(values, first + k), part, load(matrix, row)))


@compiled(forceinline=True)
def add_dots(out, o, step, shift, matrix, m, count, width, vectors, one, other):
    """Add the sum of `matrix[m + k width:][:width] vectors[one:]` to `out[o + k step]`, k < count.

    And that with `vectors[other:]` to `out[o + k step + shift]`. Five rows at once hide the time
    that an addition takes: ten examples, the usual mini-batch, are two such groups.
    """
    for k in range(0, count - 4, 5):
        row, at = m + k * width, o + k * step
        a = b = c = d = e = zero()
        for j in range(0, width, HALF):
            part = load_halves(vectors, one + j, other + j)
            here = row + j
            a = multiply_add(part, load_halves(matrix, here, here), a)
            here += width
            b = multiply_add(part, load_halves(matrix, here, here), b)
            here += width
            c = multiply_add(part, load_halves(matrix, here, here), c)
            here += width
            d = multiply_add(part, load_halves(matrix, here, here), d)
            here += width
            e = multiply_add(part, load_halves(matrix, here, here), e)
        for sums in (totals(a), totals(b), totals(c), totals(d), totals(e)):
            out[at] += sums[0]
            out[at + shift] += sums[1]
            at += step
    for k in range(count - count % 5, count):
        a = zero()
        for j in range(0, width, HALF):
            here = m + k * width + j
            part = load_halves(vectors, one + j, other + j)
            a = multiply_add(part, load_halves(matrix, here, here), a)
        sums = totals(a)
        out[o + k * step] += sums[0]
        out[o + k * step + shift] += sums[1]
