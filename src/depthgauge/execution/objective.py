"""The number that a sweeper searches by: the key `objective` names a variable of the record."""

import numpy as np
import xarray as xr
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.planning.plan import Planned
from depthgauge.records import join, read
from depthgauge.store.state import CELLS
from depthgauge.training.cell import finished, record_path

WITHOUT = ("hydra_plugins.depthgauge_sweeper.", "hydra._internal.core_plugins.basic_sweeper.")
"""Sweepers that go through a grid and search nothing."""


def require_objective(hydra_config: DictConfig, composed: DictConfig) -> None:
    """Raise ConfigError if a sweeper searches and no objective is named."""
    hydra = hydra_config.hydra
    searches = hydra.mode == RunMode.MULTIRUN and not hydra.sweeper._target_.startswith(WITHOUT)
    if searches and not composed.get("objective"):
        raise ConfigError(
            f"{hydra.sweeper._target_} needs a variable to optimize: name it, as in"
            " objective=cost_validation"
        )


def objective_of(planned: Planned, hydra_config: DictConfig) -> float | None:
    """Return the mean over replicas of the last value of `objective`, None if none is named.

    Where a replica diverged, the worst value in the direction of the search. Raises ConfigError for
    what the record does not have, and DepthgaugeError where the cell did not finish.
    """
    name = planned.config.objective
    if name is None:
        return None
    blocks = planned.cell.blocks
    if not all(finished(CELLS, block) for block in blocks):
        raise DepthgaugeError(f"{' '.join(planned.words)}: the cell did not finish")
    record = join([read(record_path(CELLS, block)) for block in blocks], {})
    largest = "maximize" in str(OmegaConf.select(hydra_config, "hydra.sweeper.direction"))
    return last_mean(record, name, worst=-np.inf if largest else np.inf)


def last_mean(record: xr.Dataset, name: str, worst: float) -> float:
    """Return the mean over replicas of the last value of a variable; `worst` if one diverged."""
    possible = sorted(map(str, (each for each in record if _is_a_number(record[each]))))
    if name not in possible:
        raise ConfigError(
            f"objective={name} is not measured by this study; choose one of {', '.join(possible)}"
        )
    values = record[name]
    last = values.isel({dim: -1 for dim in values.dims if str(dim).endswith("_step")})
    diverged = "diverged_at" in record and bool((record["diverged_at"] >= 0).any())
    mean = float(last.mean(skipna=False))
    return mean if np.isfinite(mean) and not diverged else worst


def _is_a_number(variable: xr.DataArray) -> bool:
    """Return whether a variable is one number a replica, or one a replica and step."""
    dims = [str(dim) for dim in variable.dims]
    numeric = np.issubdtype(variable.dtype, np.number)
    return (
        numeric
        and bool(dims)
        and dims[0] == "replica"
        and all(dim.endswith("_step") for dim in dims[1:])
    )
