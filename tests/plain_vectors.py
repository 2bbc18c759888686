"""What kernel/vectors.py compiles, in numpy: for the kernels as plain Python.

Coverage sees no branch of compiled code, and a spoiled kernel would compile for minutes: both run
the tests with NUMBA_DISABLE_JIT=1.
"""

import numpy as np

from depthgauge.kernel import vectors
from depthgauge.kernel.vectors import HALF, LANES


def install():
    """Put the plain operations in the place of the compiled, before another module takes those."""
    for operation in (load, load_halves, store, splat, zero, add, multiply_add, totals):
        setattr(vectors, operation.__name__, operation)


def load(array, place):
    """The vector that is there."""
    assert place >= 0
    return array[place : place + LANES].copy()


def load_halves(array, place, other):
    """Half of the vector that is at each of two places."""
    assert place >= 0
    assert other >= 0
    return np.concatenate([array[place : place + HALF], array[other : other + HALF]])


def store(array, place, vector):
    """Put a vector there."""
    array[place : place + LANES] = vector


def splat(array, place):
    """One number in all lanes."""
    return np.full(LANES, array[place])


def zero():
    """No lane is anything else."""
    return np.zeros(LANES, np.float32)


def add(one, other):
    """Lane by lane."""
    return one + other


def multiply_add(one, other, to):
    """Lane by lane, rounded twice."""
    return one * other + to


def totals(vector):
    """Over the lanes of each half."""
    return vector[:HALF].sum(), vector[HALF:].sum()
