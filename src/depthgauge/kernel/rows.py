"""Sums over rows of numbers, in the processor's vector instructions, for Numba's compiled code.

Numba's own loops of runtime length are not turned into vectors of this size: these functions write
the instructions themselves (LLVM). Arrays are one-dimensional, contiguous float32, best aligned to
64 bytes; offsets and widths count numbers, widths are multiples of PAD.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Floats that one vector instruction takes (AVX-512; narrower processors take it in parts)."""
AT_ONCE = 5
"""Dots at once: ten examples, the usual mini-batch, are two such groups."""
PAD = 2 * LANES
"""Rows are multiples of this: two vectors at once hide the time that an addition takes."""

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
    """Rounded once where the processor can; llvm.fma would call libm sixteen times elsewhere."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
    return builder.call(fused, [one, other, added])


def _prefetch(builder: Any, pointer: Any) -> None:
    """Ask for the cache line at an address, which need not be an array's."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, *[ir.IntType(32)] * 3])
    function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    reading, soon, data = (ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))
    builder.call(function, [builder.bitcast(pointer, byte), reading, soon, data])


def _splat(builder: Any, number: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, empty, lanes)


def _sum(builder: Any, vector: Any) -> Any:
    """The sum of a vector's lanes, taken in halves."""
    kind = ir.FunctionType(_FLOAT, [_FLOAT, _VECTOR])
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, [ir.Constant(_FLOAT, 0.0), vector], fastmath=("reassoc",))


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


def _write_add_rows(
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


def _write_add_to_rows(
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


def _write_add_dots(
    typing_context: Any, out: Any, o: Any, step: Any, matrix: Any, m: Any, count: Any, width: Any,
    vector: Any, v: Any,
):  # fmt: skip
    """out[o + k step] += sum of matrix[m + k width:][:width] vector[v:][:width], k < count."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, o, step, matrix, m, count, width, vector, v = arguments
        t = signature.args
        blocks = builder.udiv(width, _constant(LANES))
        source = _at(context, builder, t[7], vector, v)

        def rows(first: Any, many: int) -> None:
            """Dots of `many` rows at once: as many sums hide the time that an addition takes."""
            starts = [
                _at(context, builder, t[3], matrix,
                    builder.add(m, builder.mul(builder.add(first, _constant(row)), width)))
                for row in range(many)
            ]  # fmt: skip
            sums = [cgutils.alloca_once(builder, _VECTOR) for _ in range(many)]
            for total in sums:
                builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)
            with cgutils.for_range(builder, blocks) as block:
                j = builder.mul(block.index, _constant(LANES))
                part = _load(builder, builder.gep(source, [j]))
                _prefetch(builder, builder.gep(source, [builder.add(width, j)]))
                for start, total in zip(starts, sums, strict=True):
                    other = _load(builder, builder.gep(start, [j]))
                    sum_ = _multiply_add(builder, part, other, builder.load(total))
                    builder.store(sum_, total)
            for row, total in enumerate(sums):
                place = builder.mul(builder.add(first, _constant(row)), step)
                target = _at(context, builder, t[0], out, builder.add(o, place))
                found = builder.fadd(builder.load(target), _sum(builder, builder.load(total)))
                builder.store(found, target)

        with cgutils.for_range(builder, builder.udiv(count, _constant(AT_ONCE))) as group:
            rows(builder.mul(group.index, _constant(AT_ONCE)), AT_ONCE)
        rest = builder.urem(count, _constant(AT_ONCE))
        with cgutils.for_range(builder, rest) as single:
            rows(builder.add(builder.sub(count, rest), single.index), 1)
        return context.get_dummy_value()

    return types.void(out, o, step, matrix, m, count, width, vector, v), generate


def _write_prefetch(typing_context: Any, matrix: Any, m: Any, width: Any):
    """Ask for matrix[m:][:width], which may lie beyond its end, before it is needed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        matrix, m, width = arguments
        start = _at(context, builder, signature.args[0], matrix, m)
        with cgutils.for_range(builder, builder.udiv(width, _constant(LANES))) as line:
            place = builder.mul(line.index, _constant(LANES))
            _prefetch(builder, builder.gep(start, [place]))
        return context.get_dummy_value()

    return types.void(matrix, m, width), generate


add_rows: Any = intrinsic(_write_add_rows)
add_to_rows: Any = intrinsic(_write_add_to_rows)
add_dots: Any = intrinsic(_write_add_dots)
prefetch: Any = intrinsic(_write_prefetch)
