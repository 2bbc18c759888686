"""Glorot and Bengio, section 4.1: the log-likelihood and the quadratic cost in training."""

from collections.abc import Mapping

import altair as alt
import xarray as xr

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import Nets, error_basis, mean_error, tuned
from depthgauge.report.error_panel import error_panels, net_colour
from depthgauge.report.figure import Figure
from depthgauge.report.models import SHOWN
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS

STUDY = "glorot_quadratic"

_COSTS = {"nll": "log-likelihood", "softmax_quadratic": "quadratic"}


def quadratic(records: Records) -> Figure:
    """Draw both costs for each initialization; raises DataError without any."""
    cells = tuned(records, STUDY, dataset="shapeset")
    nets: dict[str, dict[str, xr.Dataset]] = {}
    for cell in cells:
        costs = nets.setdefault(SHOWN[cell.attrs["axes"]["model"]], {})
        costs[_COSTS[cell.attrs["config"]["cost"]]] = cell
    panels = error_panels(nets, STUDY, net_colour(list(_COSTS.values())), (290, 250))
    return Figure(
        study=STUDY,
        title="Log-likelihood and quadratic cost behind the same softmax",
        finding=_finding(nets),
        caption=(
            "Does the log-likelihood learn faster? Test error on Shapeset-3x2 against updates, each"
            " curve at the learning rate chosen on the validation images. Line: median over seeds;"
            f" {BAND_WORDS}. Both panels have the same axes."
        ),
        basis=error_basis(cells),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _finding(nets: Mapping[str, Nets]) -> str:
    """Return the mean test error with each cost after the last update, model by model."""
    parts = [
        f"{model.lower()} "
        + ", ".join(f"{brief(mean_error(net))} % ({cost})" for cost, net in costs.items())
        for model, costs in nets.items()
    ]
    return f"Mean test error after the last update: {'; '.join(parts)}."
