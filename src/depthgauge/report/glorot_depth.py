"""Glorot and Bengio, section 2.3: test error by the number of hidden layers, one to five."""

import altair as alt
import pandas as pd

from depthgauge.report.axes import bare
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import cells_at_chosen_rates, error_basis, final_table
from depthgauge.report.figure import Figure, panel
from depthgauge.report.models import model_colour
from depthgauge.studies.glorot.published import NAMES

STUDY = "glorot_depth"
DATASET = "shapeset"


def depth(records: Records) -> Figure:
    """Draw each model's errors, depth by depth; raises DataError without any."""
    cells = cells_at_chosen_rates(records, STUDY, DATASET)
    table = pd.concat(
        final_table({NAMES[cell.attrs["axes"]["model"]]: cell}, {}).assign(
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
    ]
    nets = {cell.attrs["label"]: cell for cell in cells}
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Which depth gives the lowest test error",
        caption=(
            "Test error on Shapeset-3x2 after the last update, at the learning rate chosen on the"
            f" validation images for each net. Point: mean over seeds. {error_basis({'': nets})}"
        ),
        chart=alt.concat(panel("Shapeset-3x2", layers, 420, 260), columns=1),
    )
