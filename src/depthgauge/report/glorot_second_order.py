"""Glorot and Bengio, section 5: step sizes from curvature beside one step size for all."""

import altair as alt
import pandas as pd

from depthgauge.claims.rates import final_test_error
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import Nets, curve_table, error_basis, nets_by_set
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS

STUDY = "glorot_second_order"
DATASET = "shapeset"

_INITS = {"tanh": "Standard initialization", "tanh_n": "Normalized initialization"}
_STEPS = {"": "one for all", "_hessian": "Hessian's diagonal", "_variance": "gradient variance"}


def second_order(records: Records) -> Figure:
    """Draw the models that are there; raises DataError without any."""
    found = nets_by_set(records, STUDY, (DATASET,))
    nets = found[DATASET]
    tables = {title: _curves(init, nets) for init, title in _INITS.items()}
    panels = [_panel(title, table) for title, table in tables.items() if len(table)]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Step sizes from curvature, with both initializations",
        finding=_finding(nets),
        caption=(
            "Do step sizes from curvature help as much as the normalized initialization? Test error"
            " on Shapeset-3x2 against updates, each curve at the learning rate chosen on the"
            f" validation images. Line: median over seeds; {BAND_WORDS}. Both panels have the same"
            " axes."
        ),
        basis=error_basis(found),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _finding(nets: Nets) -> str:
    errors = {model: f"{brief(final_test_error(net).mean())} %" for model, net in nets.items()}
    names = {
        "tanh": "with one step size",
        "tanh_hessian": "with step sizes from the Hessian's diagonal",
        "tanh_n": "with the normalized initialization",
    }
    parts = [f"{errors[model]} {name}" for model, name in names.items() if model in errors]
    return f"Mean test error after the last update: {', '.join(parts)}."


def _curves(init: str, nets: Nets) -> pd.DataFrame:
    """Return the curves of an initialization, named by their step sizes."""
    tables = [
        curve_table(nets[init + suffix]).assign(steps=name)
        for suffix, name in _STEPS.items()
        if init + suffix in nets
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _panel(title: str, table: pd.DataFrame) -> alt.LayerChart:
    names = list(_STEPS.values())
    shade = alt.Color(
        "steps:N",
        scale=alt.Scale(domain=names),
        legend=alt.Legend(title="step sizes", values=names, symbolType="stroke"),
    )
    base = alt.Chart(table).encode(x=alt.X("updates:Q", title="updates"), color=shade)
    return panel(title, error_layers(base, "steps", "updates"), width=290, height=250)
