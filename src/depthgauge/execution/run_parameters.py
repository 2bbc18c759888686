"""Which settings of a cell become parameters of its MLflow run: those that users compare.

The whole config is an artifact of the run, config.json.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.config import Experiment, plain
from depthgauge.config.experiment import INSTRUMENTS
from depthgauge.planning.plan import Planned
from depthgauge.tracking.sweep import Sweep, sweep_of
from depthgauge.training.settings import READS
from depthgauge.untrusted import lookups_in

BASIC = ("procedure", "dataset.name", "hidden", "activation", "init", "cost", "batch_size", "steps")
"""Parameters of every run whose procedure reads them; `dataset.name` is named `dataset`."""


def run_parameters(
    config: Mapping[str, Any], axes: Mapping[str, Any], seeds: int
) -> dict[str, Any]:
    """Return what the sweep varies, BASIC, and what differs from its default.

    Only what the procedure reads, and of what is measured (`gradients.every` and the like) only
    what the sweep varies. Also `depth`, the number of hidden layers, and `seeds`; the run's
    learning rate comes from elsewhere, but where nothing is trained it is "none".
    """
    reads = READS[config["procedure"]] | {"procedure"}
    usual = dict(_leaves(plain(Experiment())))
    matters = {
        key: value
        for key, value in _leaves(config)
        if key.partition(".")[0] not in INSTRUMENTS
        and (key in reads or key.partition(".")[0] in reads)
        and (key in BASIC or value != usual.get(key))
    }
    if "dataset.name" in matters:
        matters["dataset"] = matters.pop("dataset.name")
    if "hidden" in matters:
        matters["depth"] = len(matters["hidden"])
    trained = "learning_rate" in reads and config["steps"] > 0
    rate = {} if trained else {"learning_rate": "none"}
    varied = {key: value for key, value in axes.items() if key != "learning_rate"}
    return {**varied, **matters, "seeds": seeds, **rate}


def planned_sweep(study: str, planned: Sequence[Planned]) -> Sweep:
    """Return the sweep of cells that are planned."""
    return sweep_of(
        [
            _with_parameters(
                each.attributes(study), each.config.learning_rates(), each.config.seeds
            )
            for each in planned
        ]
    )


def recorded_sweep(records: Sequence[xr.Dataset]) -> Sweep:
    """Return the sweep that made `records`; raises DataError where one does not say so."""
    with lookups_in(f"a record of {records[0].attrs.get('study')}"):
        attributes = [
            _with_parameters(
                record.attrs,
                np.unique(record["learning_rate"].values).tolist(),
                len(np.unique(record["seed"].values)),
            )
            for record in records
        ]
    return sweep_of(attributes)


def _with_parameters(
    attributes: Mapping[str, Any], rates: Sequence[float], seeds: int
) -> dict[str, Any]:
    parameters = run_parameters(attributes["config"], attributes.get("axes", {}), seeds)
    several = sorted({float(rate) for rate in rates})
    return {**attributes, "params": parameters, "learning_rates": several}


def _leaves(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every key, dotted where it is in a section, with its value."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{below}", each) for below, each in value.items())
        else:
            yield key, value
