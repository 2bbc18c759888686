"""The nets of the study of remedies: model and depth -> cell at its chosen rate."""

from collections.abc import Collection, Mapping

import numpy as np
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import at_chosen_rate
from depthgauge.errors import DataError
from depthgauge.report.cells import Records, basis, measured
from depthgauge.report.seeds import usable
from depthgauge.studies.remedies.register import PLAIN, REMEDIES

STUDY = "remedies"
TITLES = {"plain": PLAIN["title"]} | {name: remedy["title"] for name, remedy in REMEDIES.items()}

Nets = Mapping[str, xr.Dataset]
"""Model -> its cell, in the order of TITLES."""


def nets_by_depth(records: Records, study: str = STUDY) -> dict[int, Nets]:
    """Return hidden layers -> nets; raises DataError without any.

    A model of which every rate diverged is left out. n_diverged counts replicas of all rates.
    """
    found: dict[int, dict[str, xr.Dataset]] = {}
    for record in records.get(study, ()):
        measured(record, "accuracy_validation")
        try:
            chosen = at_chosen_rate(record)
        except UndecidableError:
            continue
        about = {
            "n_diverged": usable(record).attrs["n_diverged"],
            "rates": len(np.unique(record["learning_rate"])),
        }
        depth = len(record.attrs["config"]["hidden"])
        model = record.attrs["axes"]["model"]
        found.setdefault(depth, {})[model] = chosen.assign_attrs(about)
    if not found:
        raise DataError(
            f"study {study} has no usable record; run `depthgauge train study={study}` or"
            " `dvc repro`"
        )
    return {
        depth: {model: nets[model] for model in TITLES if model in nets}
        for depth, nets in sorted(found.items())
    }


def remedies_basis(nets: Collection[xr.Dataset]) -> str:
    """Return what a figure of these nets rests on; the budget is ours, nobody published one."""
    widths = sorted({width for net in nets for width in net.attrs["config"]["hidden"]})
    units = " or ".join(f"{width:,}" for width in widths)
    of = " or ".join(str(count) for count in sorted({net.attrs["rates"] for net in nets}))
    return (
        f"Hidden layers of {units} units; the best of {of} rates on the validation images."
        f" {basis(nets, published=False)}"
    )
