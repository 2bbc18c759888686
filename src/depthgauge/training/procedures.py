"""The procedures by name, each a module with `run` and `work`.

To add one: write the module, name it here, list the settings it reads in settings.py and those it
cannot use in limits.py. Its code, with all that it imports, is part of the key of the
records that it makes; the code of other procedures is not.
"""

import importlib
from typing import Protocol, cast, runtime_checkable

import xarray as xr

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.training.block import Task

PROCEDURES = {
    "capacity": "depthgauge.training.capacity",
    "chain": "depthgauge.training.chain",
    "descent": "depthgauge.training.descent",
    "pretraining": "depthgauge.training.pretraining",
    "second_order": "depthgauge.training.second_order",
    "support_vectors": "depthgauge.training.support_vectors",
    "remedies": "depthgauge.training.remedies",
    "surfaces": "depthgauge.training.surfaces",
}


@runtime_checkable
class Procedure(Protocol):
    """The functions of a procedure's module."""

    @staticmethod
    def run(task: Task) -> xr.Dataset:
        """Compute a block; return variables and coordinates as in docs/records.md."""
        ...

    @staticmethod
    def work(experiment: Experiment, data: Prepared) -> float:
        """Return the floating-point operations of one replica, for the time estimate."""
        ...


def procedure(name: str) -> Procedure:
    """Import the module of a procedure, one of PROCEDURES."""
    return cast(Procedure, importlib.import_module(PROCEDURES[name]))
