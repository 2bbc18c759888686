"""Glorot and Bengio, section 5: what normalized initialization gains in three shapes of net."""

from collections.abc import Mapping

import altair as alt

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import (
    Nets,
    by_model,
    error_basis,
    final_table,
    mean_error,
    tuned,
)
from depthgauge.report.figure import Figure, panel
from depthgauge.studies.glorot.register import INITS, SHAPES

STUDY = "glorot_widths"


def widths(records: Records) -> Figure:
    """Draw the shapes that are there; raises DataError without any."""
    nets = by_model(tuned(records, STUDY, dataset="shapeset"))
    shapes = {
        shape: {
            init: nets[f"{model}_{shape}"]
            for model, init in INITS.items()
            if f"{model}_{shape}" in nets
        }
        for shape in SHAPES
    }
    panels = [_panel(shape, each) for shape, each in shapes.items() if each]
    return Figure(
        study=STUDY,
        title="Layers that grow, shrink or stay equal",
        finding=_finding(shapes),
        caption=(
            "Is the normalized initialization better in every shape? Test error on Shapeset-3x2 of"
            " five hidden layers of tanh units, as many units in every network, at the learning"
            " rate chosen on the validation images. Point: mean over seeds; whisker: 95 %"
            " prediction interval for one more run, cut at 100 %."
        ),
        basis=error_basis(nets.values()),
        chart=alt.concat(*panels, columns=3).resolve_scale(x="shared"),
    )


def _finding(shapes: Mapping[str, Nets]) -> str:
    """Return by how many points the normalized initialization changes the error, by shape."""
    gains = []
    for shape, nets in shapes.items():
        if len(nets) == len(INITS):
            standard, normalized = map(mean_error, nets.values())
            gains.append(f"{normalized - standard:+.1f} points with {shape} layers")
    return f"The normalized initialization changes the mean test error by {', '.join(gains)}."


def _panel(shape: str, nets: Nets) -> alt.LayerChart:
    table = final_table(nets, {})
    table["high"] = table["high"].clip(upper=100)
    names = list(INITS.values())
    base = alt.Chart(table).encode(
        y=alt.Y("model:N", sort=names, title=None),
        color=alt.Color("model:N", scale=alt.Scale(domain=names), legend=None),
        tooltip=list(table.columns),
    )
    layers = [
        base.mark_rule(style="interval").encode(x=_at("low"), x2="high"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=_at("mean")),
    ]
    hidden = next(iter(nets.values())).attrs["config"]["hidden"]
    ends = " to ".join(dict.fromkeys(f"{width:,}" for width in (hidden[0], hidden[-1])))
    return panel(f"{shape}: {ends}", layers, width=180, height=70)


def _at(field: str) -> alt.X:
    scale = alt.Scale(zero=False, padding=12)
    return alt.X(f"{field}:Q", title="test error (%)", scale=scale)
