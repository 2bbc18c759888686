"""The nets of the study of remedies: model and depth -> cell at its chosen rate."""

from collections.abc import Collection

import xarray as xr

from depthgauge.report.cells import Records, basis, known
from depthgauge.report.chosen_rates import Nets, by_model, tuned
from depthgauge.studies.remedies.register import PLAIN, REMEDIES

STUDY = "remedies"
TITLES = {"plain": PLAIN["title"]} | {name: remedy["title"] for name, remedy in REMEDIES.items()}


def nets_by_depth(records: Records, study: str = STUDY) -> dict[int, Nets]:
    """Return hidden layers -> nets, in the order of TITLES; raises DataError without any.

    A model of which every rate diverged is left out.
    """
    found: dict[int, list[xr.Dataset]] = {}
    for net in tuned(records, study):
        found.setdefault(len(net.attrs["config"]["hidden"]), []).append(net)
    nets = {depth: by_model(found[depth]) for depth in sorted(found)}
    drawn = {
        depth: {model: each[model] for model in TITLES if model in each}
        for depth, each in nets.items()
    }
    return known({depth: each for depth, each in drawn.items() if each}, study)


def remedies_basis(nets: Collection[xr.Dataset]) -> str:
    """Return what a figure of these nets rests on; the budget is ours, nobody published one."""
    widths = sorted({width for net in nets for width in net.attrs["config"]["hidden"]})
    units = " or ".join(f"{width:,}" for width in widths)
    of = " or ".join(str(count) for count in sorted({net.attrs["rates"] for net in nets}))
    return (
        f"Hidden layers of {units} units; the best of {of} rates on the validation images."
        f" {basis(nets, published=False)}"
    )
