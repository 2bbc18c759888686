"""Vectors of 32 floats for compiled loops, and arrays aligned for them.

Numba itself does not vectorize loops of runtime length to this width. Arrays are one-dimensional,
contiguous float32; a place is an index into an array. Each function returns the types of its call,
and the function that emits its LLVM instructions.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from depthgauge.kernel.compiled import compiled

f4 = np.float32

HALF = 16
"""Floats that one instruction takes (AVX-512; narrower processors take them in parts)."""
LANES = 2 * HALF
"""Floats of a vector: two instructions at once hide the time that an addition takes."""

FLOAT, INT = ir.FloatType(), ir.IntType(32)
FLOATS, HALVES = ir.VectorType(FLOAT, LANES), ir.VectorType(FLOAT, HALF)


class Vector(types.Type):
    """Numba's type of such a vector."""


VECTOR = Vector(f"float32x{LANES}")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A Vector is held as LLVM's."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, FLOATS)


def _operation(define: Any) -> Any:
    """Numba's intrinsic, typed so that type checkers accept calls without `typing`."""
    return intrinsic(define)


def _address(context, builder, signature, given, element: Any = FLOAT):
    """The address of array[place], which `given` begins with."""
    array = context.make_array(signature.args[0])(context, builder, given[0])
    return builder.bitcast(builder.gep(array.data, [given[1]]), element.as_pointer())


def _call(builder, name, returns, arguments, fastmath=()):
    kind = ir.FunctionType(returns, [each.type for each in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, arguments, fastmath=fastmath)


def _places(numbers):
    return ir.Constant(ir.VectorType(INT, len(numbers)), list(numbers))


@_operation
def load(typing, array, place):
    """Return `array[place:][:32]`."""

    def write(context, builder, signature, given):
        address = _address(context, builder, signature, given, FLOATS)
        return builder.load(address, align=4)

    return VECTOR(array, place), write


@_operation
def load_halves(typing, array, place, other):
    """Return `array[place:][:16]`, followed by `array[other:][:16]`."""

    def write(context, builder, signature, given):
        halves = []
        for here in given[1:]:
            address = _address(context, builder, signature, [given[0], here], HALVES)
            halves.append(builder.load(address, align=4))
        return builder.shuffle_vector(*halves, _places(range(LANES)))

    return VECTOR(array, place, other), write


@_operation
def store(typing, array, place, vector):
    """Write `vector` to `array[place:][:32]`."""

    def write(context, builder, signature, given):
        address = _address(context, builder, signature, given, FLOATS)
        builder.store(given[2], address, align=4)
        return context.get_dummy_value()

    return types.void(array, place, vector), write


@_operation
def splat(typing, array, place):
    """Return array[place], 32 times."""

    def write(context, builder, signature, given):
        number = builder.load(_address(context, builder, signature, given))
        empty = ir.Constant(FLOATS, ir.Undefined)
        first = builder.insert_element(empty, number, INT(0))
        return builder.shuffle_vector(first, empty, _places([0] * LANES))

    return VECTOR(array, place), write


@_operation
def zero(typing):
    """Return 32 zeros."""
    return VECTOR(), lambda *_: ir.Constant(FLOATS, [0.0] * LANES)


@_operation
def add(typing, one, other):
    """Return one + other."""
    return VECTOR(one, other), lambda context, builder, signature, given: builder.fadd(*given)


@_operation
def multiply_add(typing, one, other, to):
    """Return one * other + to, rounded once where the processor can.

    Where it cannot, llvm.fma would call libm for each number.
    """

    def write(context, builder, signature, given):
        return _call(builder, f"llvm.fmuladd.v{LANES}f32", FLOATS, given)

    return VECTOR(one, other, to), write


@_operation
def totals(typing, vector):
    """Return the sums of the first 16 and of the others, each taken in halves."""

    def write(context, builder, signature, given):
        sums, name = [], f"llvm.vector.reduce.fadd.v{HALF}f32"
        for first in (0, HALF):
            half = builder.shuffle_vector(given[0], given[0], _places(range(first, first + HALF)))
            sums.append(_call(builder, name, FLOAT, [FLOAT(0.0), half], ("reassoc",)))
        return context.make_tuple(builder, signature.return_type, sums)

    return types.UniTuple(types.float32, 2)(vector), write


@compiled()
def zeros(count):
    """Return `count` float32 zeros at an address that is a multiple of a cache line's 64 bytes.

    A vector that lies across two lines costs two accesses: half the speed of a step.
    """
    room = np.zeros(count + LANES, f4)
    skipped = (-(room.ctypes.data // 4)) % LANES
    return room[skipped : skipped + count]
