"""The gradient vector averaged over a window of steps: what a mini-batch hides in its noise."""

import numpy as np
from jaxtyping import Float


def window_norms(
    vectors: Float[np.ndarray, "replica step layer unit"], window: int
) -> Float[np.ndarray, "replica step layer"]:
    """Return the norm of the mean of the last `window` gradient vectors, at each step.

    NaN until there are so many, and where a vector is missing (its first unit is NaN). Entries
    beyond a layer's width are NaN in `vectors` and do not count. Source: Nielsen, ch. 5, the
    remark that averaging over many mini-batches gives "very similar" results.
    """
    sums = np.cumsum(np.nan_to_num(vectors.astype(np.float64), nan=0.0), axis=1)
    sums[:, window:] -= sums[:, :-window].copy()
    result = np.linalg.norm(sums / window, axis=-1)
    result[:, : window - 1] = np.nan
    result[np.isnan(vectors[..., 0])] = np.nan
    return result.astype(vectors.dtype)
