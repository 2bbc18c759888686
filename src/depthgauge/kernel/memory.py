"""Where numbers lie: aligned memory, and places one after another in it."""

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.rows import LANES

f4 = np.float32


def offsets(sizes: np.ndarray) -> np.ndarray:
    """Return where parts of these sizes begin, one after another, and where the last ends."""
    return np.concatenate([[0], np.cumsum(sizes)])


@compiled()
def zeros(count):
    """Return that many float32 zeros from an address that is a multiple of a cache line's 64 bytes.

    A vector that lies across two lines costs two accesses: half the speed of a step.
    """
    room = np.zeros(count + LANES, f4)
    skipped = (-(room.ctypes.data // 4)) % LANES
    return room[skipped : skipped + count]
