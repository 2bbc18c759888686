"""Nielsen, ch. 5: accuracy on the validation images with one to four hidden layers."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, cells, layers_in_words, measured
from depthgauge.report.curves import hover
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.studies.nielsen.published import ACCURACY as PUBLISHED

STUDY = "nielsen_accuracy"

_SETTLED = 1 / 3
"""The axis shows all of what happens after this part of training; what lies lower is cut off."""


def accuracy(records: Records) -> Figure:
    """Draw the nets of 1 to 4 hidden layers that are there; raises DataError without any."""
    nets = {depth: net for depth, net in cells(records, STUDY).items() if depth in PUBLISHED}
    tables = {depth: accuracy_table(net) for depth, net in nets.items()}
    y = _accuracy_axis(list(tables.values()))
    panels = [_panel(depth, nets[depth], table, y) for depth, table in tables.items()]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Accuracy with one to four hidden layers",
        finding=_finding(nets),
        caption=(
            "Compare the ends of the four curves: accuracy on the validation images after each"
            f" epoch. Line: median over seeds; {BAND_WORDS}; diamond: Nielsen's value after epoch"
            " 30. The axis is cut: the first epochs lie below it."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=4),
    )


def accuracy_table(net: xr.Dataset) -> pd.DataFrame:
    """Return the seed bands of the accuracy in percent: epoch, low, median, high."""
    table = band_table(100 * measured(net, "accuracy_validation"), "evaluation_step")
    table.insert(0, "epoch", rounded(table.pop("evaluation_step") / _epoch(net)))
    return table


def _finding(nets: Mapping[int, xr.Dataset]) -> str:
    last = {
        depth: 100 * float(measured(net, "accuracy_validation").isel(evaluation_step=-1).mean())
        for depth, net in nets.items()
    }
    best = max(last, key=lambda depth: last[depth])
    others = ", ".join(
        f"{value:.2f} % with {depth}" for depth, value in last.items() if depth != best
    )
    text = (
        f"The mean accuracy at the end is highest with {layers_in_words(best)}: {last[best]:.2f} %"
    )
    return f"{text}, against {others}." if others else f"{text}."


def _epoch(net: xr.Dataset) -> int:
    """Return the SGD steps in an epoch; a last partial mini-batch is left out."""
    return net.attrs["config"]["train_size"] // net.attrs["config"]["batch_size"]


def _accuracy_axis(tables: list[pd.DataFrame]) -> alt.Y:
    shown = [table[table["epoch"] >= _SETTLED * table["epoch"].max()] for table in tables]
    low = min(min(table["low"].min() for table in shown), min(PUBLISHED.values()))
    high = max(max(table["high"].max() for table in tables), max(PUBLISHED.values()))
    margin = 0.05 * (high - low)
    scale = alt.Scale(domain=rounded([low - margin, high + margin]).tolist(), nice=False)
    return alt.Y("median:Q", title="accuracy (%)", scale=scale)


def _panel(depth: int, net: xr.Dataset, table: pd.DataFrame, y: alt.Y) -> alt.LayerChart:
    x = alt.X("epoch:Q", title="epoch")
    base = alt.Chart(table).encode(x=x)
    end = net.attrs["published_steps"] / _epoch(net)
    published = pd.DataFrame({"epoch": [end], "published": [PUBLISHED[depth]]})
    low = y.copy()
    low.shorthand = "low:Q"
    layers = [
        base.mark_area(style="band", clip=True).encode(y=low, y2="high"),
        base.mark_line(style="median", clip=True).encode(y=y),
        hover(f"{STUDY}_{depth}", table, "epoch", "median"),
        alt.Chart(published)
        .mark_point(style="published")
        .encode(x=x, y="published:Q", tooltip=["epoch", "published"]),
    ]
    return panel(layers_in_words(depth), layers, width=135, height=260)
