"""A grid of learning rates that are all too large."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from depthgauge.errors import ConfigError


def require_a_rate(records: Sequence[xr.Dataset]) -> None:
    """Raise ConfigError where a cell has several rates and every replica of all diverged.

    A single rate that diverges is a result; a grid is there to be chosen from.
    """
    lost = [record for record in records if _several(record) and _none_left(record)]
    if lost:
        labels = "; ".join(record.attrs["label"] for record in lost)
        rates = ", ".join(f"{rate:g}" for rate in np.unique(lost[0]["learning_rate"]))
        raise ConfigError(
            f"every rate diverged in {len(lost)} of {len(records)} cells ({labels}), as with"
            f" learning_rate=[{rates}]: ask for lower ones; the records are kept, whole"
        )


def _several(record: xr.Dataset) -> bool:
    return len(np.unique(record["learning_rate"])) > 1


def _none_left(record: xr.Dataset) -> bool:
    return bool((record["diverged_at"] >= 0).all())
