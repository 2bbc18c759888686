"""The first steps of a record's training, recomputed: does the code still give the same?"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from omegaconf import OmegaConf
from threadpoolctl import threadpool_limits

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import DataError
from depthgauge.training.block import Block, Task
from depthgauge.training.procedures import procedure


def first_steps(
    record: xr.Dataset, data: Prepared, steps: int, replica: int, folder: Path
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what `record` holds of a replica's first `steps` steps, and what they give now.

    By variable, both (step, ...), at the steps that both measured; other variables are left out.
    `folder` is for checkpoints. One thread, as in training: more would sum in another order.
    Raises DataError if `data` is not what the record was trained on.
    """
    if record.attrs["data"]["hash"] != data.hash:
        raise DataError(f"{record.attrs['label']} was trained on other data than {data.name} here")
    config = OmegaConf.merge(OmegaConf.structured(Experiment), record.attrs["config"])
    experiment = OmegaConf.to_object(config)
    assert isinstance(experiment, Experiment)
    pair = int(record["seed"][replica]), float(record["learning_rate"][replica])
    block = Block(replace(experiment, steps=steps), [pair], "recomputed", "recomputed")
    torch.set_num_threads(1)
    with threadpool_limits(1):
        again = procedure(experiment.procedure).run(Task(block, data, "cpu", folder, lambda *_: []))
    return _common(record.isel(replica=replica), again.isel(replica=0))


def _common(then: xr.Dataset, now: xr.Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {}
    for name in set(then.data_vars) & set(now.data_vars):
        axis = next((str(axis) for axis in then[name].dims if str(axis).endswith("_step")), None)
        if axis is None:
            continue
        common = np.intersect1d(then[axis], now[axis])
        if len(common):
            found[str(name)] = (
                then[name].sel({axis: common}).transpose(axis, ...).to_numpy(),
                now[name].sel({axis: common}).transpose(axis, ...).to_numpy(),
            )
    return found
