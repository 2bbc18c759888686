"""Forward pass, back-propagation and update of one small network after another, by Numba.

A step of a net like [784, 30, 30, 10] is a few thousand sums over rows of thirty numbers. Here
each is a few vector instructions, a replica's weights stay in the processor's cache for a whole
chunk of steps, and pixels that are 0 cost nothing: three times the speed of batched matrix
products (bench/). What a replica computes cannot depend on its companions: they never meet.

Weights lie twice: by rows of W^T (one for each unit that a layer is fed by), which the forward
pass adds up, and by rows of W, which back-propagation adds up. Rows are padded to PAD floats.

All compiled code is in this one file, because Numba's cache on disk knows a function by the file
it is in, not by the functions that it calls.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from depthgauge.kernel.sparse import SparseImages

LANES = 16
"""Floats that one vector instruction takes (AVX-512; narrower processors take it in parts)."""
PAD = 2 * LANES
"""Rows are multiples of this: two vectors at once hide the time that an addition takes."""

SIGMOID, TANH, SOFTSIGN, RELU = range(4)
CROSS_ENTROPY, NLL, QUADRATIC = range(3)

ACTIVATION_CODES = {"sigmoid": SIGMOID, "tanh": TANH, "softsign": SOFTSIGN, "relu": RELU}
COST_CODES = {"cross_entropy": CROSS_ENTROPY, "nll": NLL, "quadratic": QUADRATIC}

f4 = np.float32
REORDER = {"reassoc", "contract", "nsz"}
"""Lets a sum be taken in vectors; which order that is depends on the processor alone."""


class Layout(NamedTuple):
    """Where things lie: layer l = 1..L at index l - 1, each array with its end as last entry."""

    widths: np.ndarray
    """n_0, ..., n_L."""
    pads: np.ndarray
    """The same, rounded up to multiples of PAD (n_0 is never padded)."""
    weights: np.ndarray
    """Offsets of W^T: n_{l-1} rows of pads[l] floats."""
    transposed: np.ndarray
    """Offsets of W: n_l rows of pads[l-1] floats; layer 1 has none, nothing is before it."""
    units: np.ndarray
    """Offsets of a vector with a number for each unit: biases, and activations of one example."""


class Nets(NamedTuple):
    """The parameters of R networks, a row each, as a Layout says."""

    weights: np.ndarray
    transposed: np.ndarray
    biases: np.ndarray


class Rule(NamedTuple):
    """What a network computes: codes of its activation and its cost."""

    activation: int
    cost: int


class Glance(NamedTuple):
    """What `look` writes: means over the examples, of R networks."""

    bias_gradients: np.ndarray
    """(R, padded units): dC/db."""
    bias_norms: np.ndarray
    """(R, L): |dC/db^l|."""
    delta_norms: np.ndarray
    """(R, L): the mean of |delta^l|."""
    weight_norms: np.ndarray
    """(R, L): |dC/dw^l|."""
    costs: np.ndarray
    """(R,): C."""


def layout(widths: tuple[int, ...]) -> Layout:
    """Return where the numbers of a network [n_0, ..., n_L] lie."""
    n = np.array(widths)
    pads = np.concatenate([n[:1], -(-n[1:] // PAD) * PAD])
    transposed = n[1:] * pads[:-1]
    transposed[0] = 0
    return Layout(n, pads, _offsets(n[:-1] * pads[1:]), _offsets(transposed), _offsets(pads[1:]))


def empty_nets(replicas: int, where: Layout) -> Nets:
    """Return R networks of zeros, whose rows begin at cache lines."""
    sizes = [int(offsets[-1]) for offsets in (where.weights, where.transposed, where.units)]
    return Nets(*(_zeros(replicas * size).reshape(replicas, size) for size in sizes))


def take_parameters(
    nets: Nets, where: Layout, weights: list[np.ndarray], biases: list[np.ndarray]
) -> None:
    """Fill `nets` from w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L."""
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):  # noqa: E741
        n_out, n_in = w.shape[1:]
        rows = nets.weights[:, where.weights[l] : where.weights[l + 1]]
        rows.reshape(len(w), n_in, -1)[:, :, :n_out] = w.transpose(0, 2, 1)
        nets.biases[:, where.units[l] : where.units[l] + n_out] = b[:, 0]
        if l:
            rows = nets.transposed[:, where.transposed[l] : where.transposed[l + 1]]
            rows.reshape(len(w), n_out, -1)[:, :, :n_in] = w


def give_parameters(
    nets: Nets, where: Layout, weights: list[np.ndarray], biases: list[np.ndarray]
) -> None:
    """Write `nets` to w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L."""
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):  # noqa: E741
        _transpose(nets.weights, where.weights[l], where.pads[l + 1], w)
        b[:, 0] = nets.biases[:, where.units[l] : where.units[l] + b.shape[2]]


def _offsets(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)])


# Two primitives, in LLVM's own vector instructions: Numba's loops of runtime length are not turned
# into vectors of this size. Arrays are one-dimensional and contiguous; offsets count elements.

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


def _constant(value: int) -> Any:
    return ir.Constant(_INT, value)


def _at(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [offset])


def _load(builder: Any, pointer: Any) -> Any:
    loaded = builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()))
    loaded.align = 4
    return loaded


def _store(builder: Any, vector: Any, pointer: Any) -> None:
    builder.store(vector, builder.bitcast(pointer, _VECTOR.as_pointer())).align = 4


def _multiply_add(builder: Any, one: Any, other: Any, added: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")
    return builder.call(fused, [one, other, added])


def _splat(builder: Any, number: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, empty, lanes)


def _rows(
    context: Any, builder: Any, kinds: Any, columns: Any, values: Any, first: Any, base: Any, w: Any
) -> Callable[[Any], tuple[Any, list[Any]]]:
    """Return a function of k: values[k] in all lanes, and the two vectors of row columns[k]."""
    value = _at(context, builder, kinds[1], values, first)
    dense = isinstance(kinds[0], types.NoneType)
    column = None if dense else _at(context, builder, kinds[0], columns, first)

    def row(k: Any) -> tuple[Any, list[Any]]:
        index = k if dense else builder.zext(builder.load(builder.gep(column, [k])), _INT)
        start = builder.gep(base, [builder.mul(index, w)])
        halves = [builder.gep(start, [_constant(half * LANES)]) for half in range(2)]
        return _splat(builder, builder.load(builder.gep(value, [k]))), halves

    return row


def _write_add_rows(  # noqa: ANN202
    typing_context: Any, out: Any, o: Any, start: Any, s: Any, matrix: Any, m: Any,
    columns: Any, values: Any, first: Any, count: Any, width: Any,
):  # fmt: skip
    """out[o:][:width] = start[s:][:width] + sum over k of values[k] matrix[m + columns[k] width:].

    k = first, ..., first + count - 1; with None for columns, the rows 0, ..., count - 1.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, o, start, s, matrix, m, columns, values, first, count, width = arguments
        t = signature.args
        with cgutils.for_range(builder, builder.udiv(width, _constant(PAD))) as block:
            j = builder.mul(block.index, _constant(PAD))
            target = _at(context, builder, t[0], out, builder.add(o, j))
            source = _at(context, builder, t[2], start, builder.add(s, j))
            base = _at(context, builder, t[4], matrix, builder.add(m, j))
            row = _rows(context, builder, t[6:8], columns, values, first, base, width)
            # two sums at once, of even and of odd k, each of two vectors
            sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in "ab"] for _ in "ab"]
            for half in range(2):
                at = builder.gep(source, [_constant(half * LANES)])
                builder.store(_load(builder, at), sums[0][half])
                builder.store(ir.Constant(_VECTOR, [0.0] * LANES), sums[1][half])

            def add(k: Any, to: list[Any], row: Any = row) -> None:
                value, halves = row(k)
                for half, at in zip(to, halves, strict=True):
                    total = _multiply_add(builder, value, _load(builder, at), builder.load(half))
                    builder.store(total, half)

            with cgutils.for_range(builder, builder.udiv(count, _constant(2))) as pair:
                k = builder.mul(pair.index, _constant(2))
                add(k, sums[0])
                add(builder.add(k, _constant(1)), sums[1])
            with builder.if_then(builder.trunc(count, ir.IntType(1))):
                add(builder.sub(count, _constant(1)), sums[0])
            for half in range(2):
                total = builder.fadd(*(builder.load(each[half]) for each in sums))
                _store(builder, total, builder.gep(target, [_constant(half * LANES)]))
        return context.get_dummy_value()

    return types.void(out, o, start, s, matrix, m, columns, values, first, count, width), generate


def _write_add_to_rows(  # noqa: ANN202
    typing_context: Any, matrix: Any, m: Any, columns: Any, values: Any, first: Any, count: Any,
    width: Any, vector: Any, v: Any,
):  # fmt: skip
    """matrix[m + columns[k] width:][:width] += values[k] vector[v:][:width], for the same k."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        matrix, m, columns, values, first, count, width, vector, v = arguments
        t = signature.args
        with cgutils.for_range(builder, builder.udiv(width, _constant(PAD))) as block:
            j = builder.mul(block.index, _constant(PAD))
            source = _at(context, builder, t[7], vector, builder.add(v, j))
            base = _at(context, builder, t[0], matrix, builder.add(m, j))
            row = _rows(context, builder, t[2:4], columns, values, first, base, width)
            added = [_load(builder, builder.gep(source, [_constant(h * LANES)])) for h in range(2)]
            with cgutils.for_range(builder, count) as k:
                value, halves = row(k.index)
                for vector_part, at in zip(added, halves, strict=True):
                    total = _multiply_add(builder, value, vector_part, _load(builder, at))
                    _store(builder, total, at)
        return context.get_dummy_value()

    return types.void(matrix, m, columns, values, first, count, width, vector, v), generate


_add_rows: Any = intrinsic(_write_add_rows)
_add_to_rows: Any = intrinsic(_write_add_to_rows)


# Element-wise functions, on all of x in place; callers pass slices. (A loop over start, ..., stop
# stays scalar: an index that might be negative is looked at before each use.)


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _exp(x, scratch):  # noqa: ANN001, ANN202
    """e^x to about one unit in the last place: e^r by a polynomial, times 2^q, x = q ln 2 + r.

    x is cut at -87 and 87; NaN stays NaN. `scratch` holds int32, at least as many.
    Coefficients: Moshier's Cephes library, expf.
    """
    powers = scratch.view(np.float32)
    for k in range(len(x)):
        z = x[k]
        z = f4(87) if z > f4(87) else z
        z = f4(-87) if z < f4(-87) else z
        q = np.floor(z * f4(1.44269504088896341) + f4(0.5))
        r = (z - q * f4(0.693359375)) + q * f4(2.12194440e-4)
        p = f4(1.9875691500e-4) * r + f4(1.3981999507e-3)
        p = p * r + f4(8.3334519073e-3)
        p = p * r + f4(4.1665795894e-2)
        p = p * r + f4(1.6666665459e-1)
        p = p * r + f4(5.0000001201e-1)
        x[k] = p * r * r + r + f4(1)
        scratch[k] = (np.int32(q) + np.int32(127)) << np.int32(23)
    for k in range(len(x)):
        x[k] *= powers[k]


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _sigmoid(x, scratch):  # noqa: ANN001, ANN202
    for k in range(len(x)):
        x[k] = -x[k]
    _exp(x, scratch)
    for k in range(len(x)):
        x[k] = f4(1) / (f4(1) + x[k])


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _tanh(x, scratch):  # noqa: ANN001, ANN202
    """Near 0 by a polynomial (Cephes, tanhf), which keeps the relative precision; else by e^2x."""
    z = x.copy()
    for k in range(len(x)):
        x[k] = f4(2) * x[k]
    _exp(x, scratch)
    for k in range(len(x)):
        s = z[k] * z[k]
        p = f4(-5.70498872745e-3) * s + f4(2.06390887954e-2)
        p = p * s + f4(-5.37397155531e-2)
        p = p * s + f4(1.33314422036e-1)
        p = p * s + f4(-3.33332819422e-1)
        near = p * s * z[k] + z[k]
        far = f4(1) - f4(2) / (x[k] + f4(1))
        x[k] = near if s < f4(0.390625) else far


@njit(cache=True, error_model="numpy")
def _activate(code, x, scratch):  # noqa: ANN001, ANN202
    if code == SIGMOID:
        _sigmoid(x, scratch)
    elif code == TANH:
        _tanh(x, scratch)
    elif code == SOFTSIGN:
        for k in range(len(x)):
            x[k] = x[k] / (f4(1) + abs(x[k]))
    else:
        for k in range(len(x)):
            x[k] = f4(0) if x[k] < f4(0) else x[k]


@njit(cache=True, error_model="numpy")
def _chain(code, delta, a):  # noqa: ANN001, ANN202
    """Multiply delta by f'(z), which a = f(z) tells."""
    for k in range(len(delta)):
        if code == SIGMOID:
            delta[k] = delta[k] * (a[k] * (f4(1) - a[k]))
        elif code == TANH:
            delta[k] = delta[k] * (f4(1) - a[k] * a[k])
        elif code == SOFTSIGN:
            delta[k] = delta[k] * ((f4(1) - abs(a[k])) * (f4(1) - abs(a[k])))
        else:
            delta[k] = delta[k] if a[k] > f4(0) else f4(0)


@njit(cache=True, error_model="numpy")
def _shrink(x, factor):  # noqa: ANN001, ANN202
    for k in range(len(x)):
        x[k] *= factor


@njit(cache=True, fastmath=REORDER, error_model="numpy")
def _square_sum(x):  # noqa: ANN001, ANN202
    total = f4(0)
    for k in range(len(x)):
        total += x[k] * x[k]
    return total


@njit(cache=True, error_model="numpy")
def _zeros(count):  # noqa: ANN001, ANN202
    """Return that many float32 zeros from an address that is a multiple of a cache line's 64 bytes.

    A vector that lies across two lines costs two accesses: half the speed of a step.
    """
    room = np.zeros(count + LANES, f4)
    skipped = (-(room.ctypes.data // 4)) % LANES
    return room[skipped : skipped + count]


@njit(cache=True, error_model="numpy")
def _transpose(rows, first, pad, w):  # noqa: ANN001, ANN202
    replicas, n_out, n_in = w.shape
    for r in range(replicas):
        row = rows[r, first : first + n_in * pad]
        for j in range(n_out):
            for i in range(n_in):
                w[r, j, i] = row[i * pad + j]


# The passes. `rows` are the examples' numbers; `a` and `delta` hold every layer's units, example
# after example, layer after layer.


@njit(cache=True, error_model="numpy")
def _forward(layout, images, rows, w, b, code, a, scratch):  # noqa: ANN001, ANN202
    """a^l = f(w^l a^{l-1} + b^l); the last layer is left at its pre-activation z^L."""
    count, pad = len(rows), layout.pads[1]
    for e in range(count):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        _add_rows(a, e * pad, b, 0, w, 0, images.columns, images.values, first, stop - first, pad)
    for l in range(1, len(layout.widths) - 1):  # noqa: E741
        before, here = count * layout.units[l - 1], count * layout.units[l]
        _activate(code, a[before:here], scratch)
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l]
        o, u = layout.weights[l], layout.units[l]
        for e in range(count):
            a[before + e * fed + n : before + (e + 1) * fed] = 0  # padding: a sigmoid of 0 is 1/2
            _add_rows(a, here + e * pad, b, u, w, o, None, a, before + e * fed, n, pad)


@njit(cache=True, error_model="numpy")
def _output(cost, a, start, stop, pad, classes, scratch):  # noqa: ANN001, ANN202
    """z^L -> a^L: sigmoid, or softmax over the classes."""
    if cost != NLL:
        _sigmoid(a[start:stop], scratch)
        return
    for row in range(start, stop, pad):
        top = a[row]
        for j in range(1, classes):
            top = max(top, a[row + j])
        for j in range(classes):
            a[row + j] -= top
    _exp(a[start:stop], scratch)
    for row in range(start, stop, pad):
        total = f4(0)
        for j in range(classes):
            total += a[row + j]
        for j in range(classes):
            a[row + j] /= total


@njit(cache=True, error_model="numpy")
def _backward(layout, images, rows, t, rule, scale, a, delta, zeros):  # noqa: ANN001, ANN202
    """Fill delta with scale dC/dz^l of each example (BP1, BP2); padding stays 0."""
    count, top = len(rows), len(layout.widths) - 2
    pad, start = layout.pads[top + 1], count * layout.units[top]
    for e in range(count):
        row = start + e * pad
        for j in range(layout.widths[top + 1]):
            delta[row + j] = a[row + j]
        delta[row + images.labels[rows[e]]] -= f4(1)
        for j in range(layout.widths[top + 1]):
            if rule.cost == QUADRATIC:
                delta[row + j] *= a[row + j] * (f4(1) - a[row + j])
            delta[row + j] *= scale
    for l in range(top - 1, -1, -1):  # noqa: E741
        here, after = count * layout.units[l], count * layout.units[l + 1]
        pad, fed, n = layout.pads[l + 1], layout.pads[l + 2], layout.widths[l + 2]
        o = layout.transposed[l + 1]
        for e in range(count):
            _add_rows(delta, here + e * pad, zeros, 0, t, o, None, delta, after + e * fed, n, pad)
        _chain(rule.activation, delta[here:after], a[here:after])


@njit(cache=True, error_model="numpy")
def _accumulate_inputs(layout, images, rows, delta, w):  # noqa: ANN001, ANN202
    """w^T += sum over examples of x delta^T (BP4), layer 1."""
    pad = layout.pads[1]
    for e in range(len(rows)):
        first, stop = images.starts[rows[e]], images.starts[rows[e] + 1]
        _add_to_rows(w, 0, images.columns, images.values, first, stop - first, pad, delta, e * pad)


@njit(cache=True, error_model="numpy")
def _accumulate(layout, count, a, delta, ones, w, b):  # noqa: ANN001, ANN202
    """w^T += sum over examples of a^{l-1} delta^T, layers 2..L; b += sum of delta (BP3, BP4)."""
    for l in range(1, len(layout.widths) - 1):  # noqa: E741
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n, o = layout.pads[l], layout.pads[l + 1], layout.widths[l], layout.weights[l]
        for e in range(count):
            _add_to_rows(w, o, None, a, before + e * fed, n, pad, delta, here + e * pad)
    for l in range(len(layout.widths) - 1):  # noqa: E741
        u = layout.units[l]
        _add_rows(b, u, b, u, delta, count * u, None, ones, 0, count, layout.pads[l + 1])


@njit(cache=True, error_model="numpy")
def _accumulate_transposed(layout, count, a, delta, t):  # noqa: ANN001, ANN202
    """The same sums into the rows of W, layers 2..L."""
    for l in range(1, len(layout.widths) - 1):  # noqa: E741
        before, here = count * layout.units[l - 1], count * layout.units[l]
        fed, pad, n = layout.pads[l], layout.pads[l + 1], layout.widths[l + 1]
        o = layout.transposed[l]
        for e in range(count):
            _add_to_rows(t, o, None, delta, here + e * pad, n, fed, a, before + e * fed)


@njit(cache=True, error_model="numpy")
def _input_gradient_square(layout, pixels, delta, zeros, part):  # noqa: ANN001, ANN202
    """|sum over examples of delta x^T|^2, a few pixels (rows of `part`) after others."""
    pad, total = layout.pads[1], f4(0)
    rows = len(part) // pad
    for start in range(0, layout.widths[0], rows):
        stop = min(start + rows, layout.widths[0])
        for p in range(start, stop):
            first, count = pixels.starts[p], pixels.starts[p + 1] - pixels.starts[p]
            _add_rows(part, (p - start) * pad, zeros, 0, delta, 0, pixels.columns, pixels.values,
                      first, count, pad)  # fmt: skip
        total += _square_sum(part[: (stop - start) * pad])
    return total


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _costs(layout, images, rows, cost, a, small, scratch):  # noqa: ANN001, ANN202
    """Return the sum of C over the examples, in double precision, from z^L in `a`.

    One logarithm an example: sum of log(1 + e^-|z|) is the log of a product of at most 2^classes.
    """
    count, top = len(rows), len(layout.widths) - 2
    pad, classes, start = layout.pads[top + 1], layout.widths[top + 1], count * layout.units[top]
    for row in range(start, start + count * pad, pad):
        highest = a[row]
        for j in range(1, classes):
            highest = max(highest, a[row + j])
        z, power = a[row : row + pad], small[row - start : row - start + pad]
        for j in range(len(z)):
            power[j] = z[j] - highest if cost == NLL else -abs(z[j])
    _exp(small[: count * pad], scratch)
    sums = 0.0
    for e in range(count):
        row, label, total, product = start + e * pad, images.labels[rows[e]], 0.0, 1.0
        if cost == NLL:
            product = 0.0
            for j in range(classes):
                product += small[e * pad + j]
            highest = max(a[row : row + classes])
            total = float(highest) - float(a[row + label])
        elif cost == CROSS_ENTROPY:
            for j in range(classes):
                total += max(a[row + j], f4(0))
                product *= 1.0 + small[e * pad + j]
            total -= a[row + label]
        else:
            for j in range(classes):
                power = float(small[e * pad + j])
                output = (1.0 if a[row + j] > 0 else power) / (1.0 + power)
                total += (output - (1.0 if j == label else 0.0)) ** 2 / 2
        sums += total + np.log(product)
    return sums


# The entry points. Every scratch array is filled before it is read, but for the paddings' zeros.


@njit(cache=True, error_model="numpy")
def descend(  # noqa: ANN201
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    rates: np.ndarray, shrink: np.ndarray,
):  # fmt: skip
    """Do len(order) steps of gradient descent on every network, in place.

    order (step, replica, example) int64, or (1, 1, example) for the same examples at every step;
    rates and shrink (R,) float32: w <- shrink w - rate mean dC/dw.
    """
    steps, replicas, count = order.shape
    units = layout.units[-1]
    a, delta = _zeros(count * units), _zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    zeros, ones = _zeros(units), np.ones(count, f4)
    top = len(layout.widths) - 2
    for r in range(len(rates)):
        w, t, b = nets.weights[r], nets.transposed[r], nets.biases[r]
        for s in range(steps):
            rows = order[s, r % replicas]
            _forward(layout, images, rows, w, b, rule.activation, a, scratch)
            _output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                    layout.widths[-1], scratch)  # fmt: skip
            _backward(layout, images, rows, t, rule, -rates[r] / f4(count), a, delta, zeros)
            if shrink[r] != f4(1):
                _shrink(w, shrink[r])
                _shrink(t, shrink[r])
            _accumulate_inputs(layout, images, rows, delta, w)
            _accumulate(layout, count, a, delta, ones, w, b)
            _accumulate_transposed(layout, count, a, delta, t)


@njit(cache=True, error_model="numpy")
def look(  # noqa: ANN201
    layout: Layout, images: SparseImages, pixels: SparseImages, nets: Nets, rule: Rule,
    seen: Glance,
):  # fmt: skip
    """Measure the mean gradient of every network over all `images`.

    `pixels` are the same numbers by pixel: the examples in which it is not 0, and its values.
    """
    count, units = len(images.labels), layout.units[-1]
    a, delta = _zeros(count * units), _zeros(count * units)
    small, scratch = _zeros(count * units), np.zeros(count * units, np.int32)
    zeros, ones = _zeros(units), np.ones(count, f4)
    gradient, top = _zeros(layout.weights[-1]), len(layout.widths) - 2
    part = _zeros(LANES * layout.pads[1])
    start, rows = count * layout.units[top], np.arange(count)
    for r in range(len(nets.weights)):
        b = seen.bias_gradients[r]
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        seen.costs[r] = _costs(layout, images, rows, rule.cost, a, small, scratch) / count
        _output(rule.cost, a, start, count * units, layout.pads[-1], layout.widths[-1], scratch)
        _backward(
            layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), a, delta, zeros
        )
        gradient[layout.weights[1] :] = 0
        b[:] = 0
        _accumulate(layout, count, a, delta, ones, gradient, b)
        for l in range(top + 1):  # noqa: E741
            here, width = count * layout.units[l], layout.pads[l + 1]
            seen.bias_norms[r, l] = np.sqrt(_square_sum(b[layout.units[l] : layout.units[l + 1]]))
            if l == 0:
                squares = _input_gradient_square(layout, pixels, delta, zeros, part)
            else:
                squares = _square_sum(gradient[layout.weights[l] : layout.weights[l + 1]])
            seen.weight_norms[r, l] = np.sqrt(squares)
            seen.delta_norms[r, l] = 0
            for e in range(count):
                row = here + e * width
                seen.delta_norms[r, l] += np.sqrt(_square_sum(delta[row : row + width]))


@njit(cache=True, error_model="numpy")
def look_at_batch(  # noqa: ANN201
    layout: Layout, images: SparseImages, order: np.ndarray, nets: Nets, rule: Rule,
    bias_gradients: np.ndarray,
):  # fmt: skip
    """Write the mean of dC/db (R, padded units) over the examples order (1 or R, example)."""
    replicas, count = order.shape
    units, top = layout.units[-1], len(layout.widths) - 2
    a, delta = _zeros(count * units), _zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    zeros, ones = _zeros(units), np.ones(count, f4)
    for r in range(len(nets.weights)):
        rows = order[r % replicas]
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        _output(rule.cost, a, count * layout.units[top], count * units, layout.pads[-1],
                layout.widths[-1], scratch)  # fmt: skip
        _backward(
            layout, images, rows, nets.transposed[r], rule, f4(1) / f4(count), a, delta, zeros
        )
        for l in range(top + 1):  # noqa: E741
            u = layout.units[l]
            _add_rows(bias_gradients[r], u, zeros, 0, delta, count * u, None, ones, 0, count,
                      layout.pads[l + 1])  # fmt: skip


@njit(cache=True, error_model="numpy")
def evaluate(  # noqa: ANN201
    layout: Layout, images: SparseImages, rows: np.ndarray, nets: Nets, rule: Rule,
    correct: np.ndarray, costs: np.ndarray,
):  # fmt: skip
    """Add up right answers and costs of every network (R,) over the examples `rows`."""
    count, units, top = len(rows), layout.units[-1], len(layout.widths) - 2
    a, small = _zeros(count * units), _zeros(count * units)
    scratch = np.zeros(count * units, np.int32)
    start, pad, classes = count * layout.units[top], layout.pads[-1], layout.widths[-1]
    for r in range(len(nets.weights)):
        _forward(layout, images, rows, nets.weights[r], nets.biases[r], rule.activation, a, scratch)
        costs[r] += _costs(layout, images, rows, rule.cost, a, small, scratch)
        for e in range(count):
            row = start + e * pad
            correct[r] += np.argmax(a[row : row + classes]) == images.labels[rows[e]]
