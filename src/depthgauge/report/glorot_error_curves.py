"""Glorot and Bengio, Figs. 11 and 12: test error against updates."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import (
    Nets,
    curve_table,
    error_basis,
    nets_by_set,
)
from depthgauge.report.figure import HOVER, Figure, panel
from depthgauge.report.models import model_colour
from depthgauge.studies.glorot.published import NAMES, TITLES

STUDY = "glorot_error"


def error_curves(records: Records, number: int, datasets: Sequence[str]) -> Figure:
    """Draw the paper's figure of this number; raises DataError without any of its data sets."""
    name = f"{STUDY}_curves_{number}"
    found = nets_by_set(records, STUDY, datasets)
    panels = [_curves(name, dataset, nets) for dataset, nets in found.items()]
    absent = ", ".join(TITLES[each] for each in datasets if each not in found)
    return Figure(
        study=STUDY,
        name=name,
        title=f"Test error against updates (Fig. {number})",
        caption=(
            "Test error at the learning rate chosen on the validation images. Line: median over"
            " seeds; band: central 95 % of seeds."
            f" {f'Not trained here: {absent}. ' if absent else ''}{error_basis(found)}"
        ),
        chart=alt.concat(*panels, columns=2),
    )


def _curves(name: str, dataset: str, nets: Nets) -> alt.LayerChart:
    tables = [curve_table(net).assign(model=NAMES[model]) for model, net in nets.items()]
    table = pd.concat(tables, ignore_index=True)
    x = alt.X("updates:Q", title="updates", axis=alt.Axis(tickCount=6))
    base = alt.Chart(table).encode(x=x, color=model_colour())
    layers = [
        base.mark_area(style="band").encode(y=_percent("low"), y2="high"),
        base.mark_line(style="median").encode(y=_percent("median")),
        _told(f"{name}_{dataset}", base.encode(y=_percent("median")), table),
    ]
    return panel(TITLES[dataset], layers, width=270, height=260)


def _percent(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title="test error (%)", scale=alt.Scale(zero=False))


def _told(name: str, base: alt.Chart, table: pd.DataFrame) -> alt.Chart:
    """Return points that are unseen until the pointer is near; then they tell their row."""
    near = alt.selection_point(
        name=f"near_{name}", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    points = base.mark_point(filled=True, size=50).properties(name=f"{HOVER}_{name}")
    opacity = alt.condition(near, alt.value(1), alt.value(0))
    return points.encode(opacity=opacity, tooltip=list(table.columns)).add_params(near)
