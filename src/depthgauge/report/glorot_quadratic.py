"""Glorot and Bengio, section 4.1: the log-likelihood and the quadratic cost in training."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.claims.rates import final_test_error
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import cells_at_chosen_rates, curve_table, error_basis
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.report.models import SHOWN
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS

STUDY = "glorot_quadratic"
DATASET = "shapeset"

_COSTS = {"nll": "log-likelihood", "softmax_quadratic": "quadratic"}


def quadratic(records: Records) -> Figure:
    """Draw both costs for each initialization; raises DataError without any."""
    cells = cells_at_chosen_rates(records, STUDY, DATASET)
    table = pd.concat(
        curve_table(cell).assign(
            model=SHOWN[cell.attrs["axes"]["model"]], cost=_COSTS[cell.attrs["config"]["cost"]]
        )
        for cell in cells
    )
    panels = [_panel(str(model), each) for model, each in table.groupby("model", sort=False)]
    nets = {cell.attrs["label"]: cell for cell in cells}
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Log-likelihood and quadratic cost behind the same softmax",
        finding=_finding(cells),
        caption=(
            "Does the log-likelihood learn faster? Test error on Shapeset-3x2 against updates, each"
            " curve at the learning rate chosen on the validation images. Line: median over seeds;"
            f" {BAND_WORDS}. Both panels have the same axes."
        ),
        basis=error_basis({"": nets}),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _finding(cells: Sequence[xr.Dataset]) -> str:
    """Return the mean test error with each cost after the last update, model by model."""
    errors: dict[str, list[str]] = {}
    for cell in cells:
        error, cost = brief(final_test_error(cell).mean()), _COSTS[cell.attrs["config"]["cost"]]
        name = SHOWN[cell.attrs["axes"]["model"]].lower()
        errors.setdefault(name, []).append(f"{error} % ({cost})")
    parts = [f"{name} {', '.join(each)}" for name, each in errors.items()]
    return f"Mean test error after the last update: {'; '.join(parts)}."


def _panel(title: str, table: pd.DataFrame) -> alt.LayerChart:
    names = list(_COSTS.values())
    shade = alt.Color(
        "cost:N",
        scale=alt.Scale(domain=names),
        legend=alt.Legend(title="cost", values=names, symbolType="stroke"),
    )
    base = alt.Chart(table).encode(x=alt.X("updates:Q", title="updates"), color=shade)
    return panel(title, error_layers(base, "cost", "updates"), width=290, height=250)
