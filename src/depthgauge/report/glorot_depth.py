"""Glorot and Bengio, section 2.3: test error by the number of hidden layers, one to five."""

import altair as alt
import pandas as pd

from depthgauge.report.axes import bare
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import error_basis, mean_error, tuned
from depthgauge.report.curves import Frame, curves
from depthgauge.report.error_panel import error_y, net_colour
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.models import MODELS, SHOWN
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import rounded

STUDY = "glorot_depth"
HEIGHT = 240


def depth(records: Records) -> Figure:
    """Draw each model's errors, depth by depth; raises DataError without any."""
    cells = tuned(records, STUDY, dataset="shapeset")
    rows = [
        (
            SHOWN[cell.attrs["axes"]["model"]],
            len(cell.attrs["config"]["hidden"]),
            *rounded([mean_error(cell), float(cell["learning_rate"][0])]),
        )
        for cell in cells
    ]
    table = pd.DataFrame(rows, columns=["net", "depth", "mean", "rate"])
    errors = [mean for _, _, mean, _ in rows]
    frame = Frame(
        alt.X("depth:Q", axis=bare([1, 2, 3, 4, 5], "hidden layers")),
        error_y,
        net_colour(MODELS),
        Axis(min(errors), max(errors), HEIGHT),
    )
    layers = curves(table, frame, STUDY, middle="mean", points=True)
    return Figure(
        study=STUDY,
        title="Which depth gives the lowest test error",
        finding=_finding(table),
        caption=(
            "Where is each line lowest? Test error on Shapeset-3x2 after the last update, at the"
            " learning rate chosen on the validation images for each network. Point: mean over"
            " seeds."
        ),
        basis=error_basis(cells),
        chart=alt.concat(panel("Shapeset-3x2", layers, 420, HEIGHT), columns=1),
    )


def _finding(table: pd.DataFrame) -> str:
    """Return the depth with the lowest mean error, model by model."""
    best = table.sort_values(["mean", "depth"]).groupby("net", sort=False).head(1)
    parts = [
        f"{row['depth']} hidden layer{'s' * (row['depth'] > 1)} for {row['net'].lower()}"
        f" ({brief(row['mean'])} %)"
        for row in best.to_dict("records")
    ]
    return f"The mean test error is lowest with {' and '.join(parts)}."
