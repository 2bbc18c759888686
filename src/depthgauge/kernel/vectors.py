"""Vectors of 16 floats for compiled loops, and memory that they take in one access.

Numba itself does not turn loops of runtime length into vectors of this size. Arrays are
one-dimensional, contiguous float32; a place counts numbers from an array's start. Each function
returns its call's types and what writes LLVM's instructions for it.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from depthgauge.kernel.compiled import compiled

f4 = np.float32

LANES = 16
"""Floats that one vector instruction takes (AVX-512; narrower processors take it in parts)."""

FLOAT, INT = ir.FloatType(), ir.IntType(32)
FLOATS = ir.VectorType(FLOAT, LANES)


class Vector(types.Type):
    """Numba's type of such a vector."""


VECTOR = Vector(f"float32x{LANES}")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A Vector is held as LLVM's."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, FLOATS)


def _operation(define: Any) -> Any:
    """Type checkers see neither what Numba's decorator leaves out, nor what is returned."""
    return intrinsic(define)


def _address(context, builder, signature, given, element: Any = FLOAT):
    """The address of array[place], which `given` begins with."""
    array = context.make_array(signature.args[0])(context, builder, given[0])
    return builder.bitcast(builder.gep(array.data, [given[1]]), element.as_pointer())


def _call(builder, name, returns, arguments, fastmath=()):
    kind = ir.FunctionType(returns, [each.type for each in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, arguments, fastmath=fastmath)


@_operation
def load(typing, array, place):
    """Return `array[place:][:16]`."""

    def write(context, builder, signature, given):
        address = _address(context, builder, signature, given, FLOATS)
        return builder.load(address, align=4)

    return VECTOR(array, place), write


@_operation
def store(typing, array, place, vector):
    """Write `vector` to `array[place:][:16]`."""

    def write(context, builder, signature, given):
        address = _address(context, builder, signature, given, FLOATS)
        builder.store(given[2], address, align=4)
        return context.get_dummy_value()

    return types.void(array, place, vector), write


@_operation
def splat(typing, array, place):
    """Return array[place], 16 times."""

    def write(context, builder, signature, given):
        number = builder.load(_address(context, builder, signature, given))
        empty = ir.Constant(FLOATS, ir.Undefined)
        first = builder.insert_element(empty, number, INT(0))
        return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(INT, LANES), None))

    return VECTOR(array, place), write


@_operation
def zero(typing):
    """Return 16 zeros."""
    return VECTOR(), lambda *_: ir.Constant(FLOATS, [0.0] * LANES)


@_operation
def add(typing, one, other):
    """Return one + other."""
    return VECTOR(one, other), lambda context, builder, signature, given: builder.fadd(*given)


@_operation
def multiply_add(typing, one, other, to):
    """Return one * other + to, rounded once where the processor can.

    Where it cannot, llvm.fma would call libm sixteen times.
    """

    def write(context, builder, signature, given):
        return _call(builder, f"llvm.fmuladd.v{LANES}f32", FLOATS, given)

    return VECTOR(one, other, to), write


@_operation
def total(typing, vector):
    """Return the sum of the 16, taken in halves."""

    def write(context, builder, signature, given):
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        return _call(builder, name, FLOAT, [FLOAT(0.0), *given], ("reassoc",))

    return types.float32(vector), write


@_operation
def prefetch(typing, array, place):
    """Ask for the cache line of array[place], which may lie beyond the array, before its use."""

    def write(context, builder, signature, given):
        address = _address(context, builder, signature, given, ir.IntType(8))
        to_read, often, data = INT(0), INT(3), INT(1)
        _call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [address, to_read, often, data])
        return context.get_dummy_value()

    return types.void(array, place), write


@compiled()
def zeros(count):
    """Return that many float32 zeros from an address that is a multiple of a cache line's 64 bytes.

    A vector that lies across two lines costs two accesses: half the speed of a step.
    """
    room = np.zeros(count + LANES, f4)
    skipped = (-(room.ctypes.data // 4)) % LANES
    return room[skipped : skipped + count]
