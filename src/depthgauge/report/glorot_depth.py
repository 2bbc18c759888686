"""Glorot and Bengio, section 2.3: test error by the number of hidden layers, one to five."""

import altair as alt
import pandas as pd

from depthgauge.report.axes import bare
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import cells_at_chosen_rates, error_basis, final_table
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.models import SHOWN, model_colour
from depthgauge.report.numbers import brief

STUDY = "glorot_depth"
DATASET = "shapeset"
HEIGHT = 240


def depth(records: Records) -> Figure:
    """Draw each model's errors, depth by depth; raises DataError without any."""
    cells = cells_at_chosen_rates(records, STUDY, DATASET)
    table = pd.concat(
        final_table({SHOWN[cell.attrs["axes"]["model"]]: cell}, {}).assign(
            depth=len(cell.attrs["config"]["hidden"])
        )
        for cell in cells
    )
    y = alt.Y("mean:Q", title="test error (%)", scale=alt.Scale(zero=False))
    x = alt.X("depth:Q", axis=bare([1, 2, 3, 4, 5], "hidden layers"))
    base = alt.Chart(table).encode(x=x, color=model_colour())
    layers = [
        base.mark_line(style="median").encode(y=y),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            y=y, tooltip=["model", "depth", "mean", "rate"]
        ),
        label_layer(end_labels(table, "depth", "mean", "model", _axis(table)), x, y, "model"),
    ]
    nets = {cell.attrs["label"]: cell for cell in cells}
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Which depth gives the lowest test error",
        finding=_finding(table),
        caption=(
            "Where is each line lowest? Test error on Shapeset-3x2 after the last update, at the"
            " learning rate chosen on the validation images for each network. Point: mean over"
            " seeds."
        ),
        basis=error_basis({"": nets}),
        chart=alt.concat(panel("Shapeset-3x2", layers, 420, HEIGHT), columns=1),
    )


def _axis(table: pd.DataFrame) -> Axis:
    errors = table["mean"].to_numpy(dtype=float)
    return Axis(float(errors.min()), float(errors.max()), HEIGHT)


def _finding(table: pd.DataFrame) -> str:
    """Return the depth with the lowest mean error, model by model."""
    best: dict[str, tuple[float, int]] = {}
    for row in table.to_dict("records"):
        found = (float(row["mean"]), int(row["depth"]))
        best[row["model"]] = min(best.get(row["model"], found), found)
    parts = [f"{name.lower()} {depth} ({brief(error)} %)" for name, (error, depth) in best.items()]
    return f"Hidden layers of the lowest mean test error: {', '.join(parts)}."
