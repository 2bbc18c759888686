"""Where numbers lie: aligned memory, and places one after another in it."""

from typing import Any

import numpy as np
from numba import njit

from depthgauge.kernel.rows import LANES

f4 = np.float32

BORROWING: dict[str, Any] = {"_nrt": False}
"""For functions that make no array: they borrow their caller's, and do not count who holds them.

Numba otherwise counts every array of every tuple in and out of each call, some two hundred times a
look: a quarter of its time. The option is the one that Numba's own sorting passes (misc/mergesort);
a function that does make an array is refused when it is compiled.
"""


def offsets(sizes: np.ndarray) -> np.ndarray:
    """Return where parts of these sizes begin, one after another, and where the last ends."""
    return np.concatenate([[0], np.cumsum(sizes)])


@njit(cache=True, error_model="numpy")
def zeros(count):
    """Return that many float32 zeros from an address that is a multiple of a cache line's 64 bytes.

    A vector that lies across two lines costs two accesses: half the speed of a step.
    """
    room = np.zeros(count + LANES, f4)
    skipped = (-(room.ctypes.data // 4)) % LANES
    return room[skipped : skipped + count]
