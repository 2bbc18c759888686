"""Glorot and Bengio, Figs. 11 and 12: test error against updates."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from depthgauge.claims.rates import final_test_error
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import (
    Nets,
    curve_table,
    error_basis,
    nets_by_set,
)
from depthgauge.report.figure import HOVER, Figure, panel
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.models import SHOWN, model_colour
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS
from depthgauge.studies.glorot.published import TITLES

STUDY = "glorot_error"
HEIGHT = 240


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
        finding=_finding(found),
        caption=(
            "The lower a curve, the faster the network learns. Test error of five hidden layers at"
            f" the learning rate chosen on the validation images. Line: median over seeds;"
            f" {BAND_WORDS}.{f' Not trained here: {absent}.' if absent else ''}"
        ),
        basis=error_basis(found),
        chart=alt.concat(*panels, columns=2),
    )


def _finding(found: Mapping[str, Nets]) -> str:
    parts = []
    for dataset, nets in found.items():
        errors = {model: float(final_test_error(net).mean()) for model, net in nets.items()}
        best, worst = min(errors, key=lambda m: errors[m]), max(errors, key=lambda m: errors[m])
        parts.append(
            f"{TITLES[dataset]}: {brief(errors[best])} % at best ({SHOWN[best].lower()}),"
            f" {brief(errors[worst])} % at worst ({SHOWN[worst].lower()})"
        )
    return f"Mean test error after the last update. {'; '.join(parts)}."


def _curves(name: str, dataset: str, nets: Nets) -> alt.LayerChart:
    tables = [curve_table(net).assign(model=SHOWN[model]) for model, net in nets.items()]
    table = pd.concat(tables, ignore_index=True)
    x = alt.X("updates:Q", title="updates", axis=alt.Axis(tickCount=6))
    base = alt.Chart(table).encode(x=x, color=model_colour())
    layers = [
        base.mark_area(style="band").encode(y=_percent("low"), y2="high"),
        base.mark_line(style="median").encode(y=_percent("median")),
        _hover(f"{name}_{dataset}", base.encode(y=_percent("median")), table),
        label_layer(
            end_labels(table, "updates", "median", "model", Axis.over(table, HEIGHT)),
            x,
            _percent("median"),
            "model",
        ),
    ]
    return panel(TITLES[dataset], layers, width=210, height=HEIGHT)


def _percent(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title="test error (%)", scale=alt.Scale(zero=False))


def _hover(name: str, base: alt.Chart, table: pd.DataFrame) -> alt.Chart:
    """Return points that are unseen until the pointer is near; then they show their row."""
    near = alt.selection_point(
        name=f"near_{name}", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    points = base.mark_point(filled=True, size=50).properties(name=f"{HOVER}_{name}")
    opacity = alt.condition(near, alt.value(1), alt.value(0))
    return points.encode(opacity=opacity, tooltip=list(table.columns)).add_params(near)
