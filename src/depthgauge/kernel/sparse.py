"""Images whose pixels are mostly 0, stored as the pixels that are not."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

MOST_COLUMNS = 1 << 16
"""Features of an image, or images, that a 16-bit column can number."""


class SparseImages(NamedTuple):
    """N images: image i has the pixels columns[starts[i]:starts[i+1]], with their values."""

    starts: np.ndarray
    """(N + 1,) int64."""
    columns: np.ndarray
    """Which pixels, uint16, in order within an image."""
    values: np.ndarray
    """The network's inputs at these pixels, float32."""
    labels: np.ndarray
    """(N,) int64."""


def density(images: np.ndarray) -> float:
    """Return the share of pixels (N, feature) that are not 0."""
    return float(np.count_nonzero(images) / max(images.size, 1))


def sparse(images: np.ndarray, labels: np.ndarray, divide: float) -> SparseImages:
    """Return the pixels of `images` (N, feature) uint8 that are not 0, divided by `divide`.

    Raises ValueError for more than 65,536 features: columns are 16 bits wide.
    """
    if images.shape[1] > MOST_COLUMNS:
        raise ValueError(f"{images.shape[1]} features do not fit into 16-bit columns")
    rows = csr_array(images)
    values = rows.data.astype(np.float32) / np.float32(divide)
    starts, columns = rows.indptr.astype(np.int64), rows.indices.astype(np.uint16)
    return SparseImages(starts, columns, values, labels.astype(np.int64))
