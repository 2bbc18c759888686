"""Glorot and Bengio, section 4.1: the log-likelihood and the quadratic cost in training."""

import altair as alt
import pandas as pd

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import cells_at_chosen_rates, curve_table, error_basis
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.studies.glorot.published import NAMES

STUDY = "glorot_quadratic"
DATASET = "shapeset"

_COSTS = {"nll": "log-likelihood", "softmax_quadratic": "quadratic"}


def quadratic(records: Records) -> Figure:
    """Draw both costs for each initialization; raises DataError without any."""
    cells = cells_at_chosen_rates(records, STUDY, DATASET)
    table = pd.concat(
        curve_table(cell).assign(
            model=NAMES[cell.attrs["axes"]["model"]], cost=_COSTS[cell.attrs["config"]["cost"]]
        )
        for cell in cells
    )
    panels = [_panel(str(model), each) for model, each in table.groupby("model", sort=False)]
    nets = {cell.attrs["label"]: cell for cell in cells}
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Log-likelihood and quadratic cost behind the same softmax",
        caption=(
            "Test error on Shapeset-3x2 against updates, each curve at the learning rate chosen on"
            " the validation images. Line: median over seeds; band: central 95 % of seeds."
            f" {error_basis({'': nets})}"
        ),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _panel(title: str, table: pd.DataFrame) -> alt.LayerChart:
    names = list(_COSTS.values())
    shade = alt.Color(
        "cost:N", scale=alt.Scale(domain=names), legend=alt.Legend(title="cost", values=names)
    )
    base = alt.Chart(table).encode(x=alt.X("updates:Q", title="updates"), color=shade)
    return panel(title, error_layers(base, "cost", "updates"), width=290, height=250)
