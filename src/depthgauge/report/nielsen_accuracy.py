"""Nielsen, ch. 5: accuracy on the validation images with one to four hidden layers."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, by_depth, known, layers_in_words, measured
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.studies.nielsen.register import ACCURACY as PUBLISHED

STUDY = "nielsen_accuracy"

_SETTLED = 1 / 3
"""The axis shows all of what happens after this part of training; what lies lower is cut off."""


def accuracy(records: Records) -> Figure:
    """Draw the nets of 1 to 4 hidden layers that are there; raises DataError without any."""
    there = by_depth(records, STUDY)
    nets = known({depth: there[depth] for depth in there if depth in PUBLISHED}, STUDY)
    tables = {depth: accuracy_table(net) for depth, net in nets.items()}
    scale = alt.Scale(domain=_ends(list(tables.values())), nice=False)
    frame = Frame(alt.X("epoch:Q", title="epoch"), y_axis("accuracy (%)", scale))
    panels = [_panel(depth, nets[depth], table, frame) for depth, table in tables.items()]
    return Figure(
        study=STUDY,
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
    others = [f"{value:.2f} % with {depth}" for depth, value in last.items() if depth != best]
    against = f", against {', '.join(others)}" if others else ""
    return (
        f"The mean accuracy at the end is highest with {layers_in_words(best)}:"
        f" {last[best]:.2f} %{against}."
    )


def _epoch(net: xr.Dataset) -> int:
    """Return the SGD steps in an epoch; a last partial mini-batch is left out."""
    return net.attrs["config"]["train_size"] // net.attrs["config"]["batch_size"]


def _ends(tables: list[pd.DataFrame]) -> list[float]:
    """Return the ends of an axis on which the settled curves and the published values lie."""
    shown = [table[table["epoch"] >= _SETTLED * table["epoch"].max()] for table in tables]
    low = min(min(table["low"].min() for table in shown), min(PUBLISHED.values()))
    high = max(max(table["high"].max() for table in tables), max(PUBLISHED.values()))
    margin = 0.05 * (high - low)
    return rounded([low - margin, high + margin]).tolist()


def _panel(depth: int, net: xr.Dataset, table: pd.DataFrame, frame: Frame) -> alt.LayerChart:
    end = net.attrs["published_steps"] / _epoch(net)
    point = pd.DataFrame({"epoch": [end], "published": [PUBLISHED[depth]], "label": ["Nielsen"]})
    published = alt.Chart(point).encode(x=frame.x, y=frame.y("published"))
    layers = [
        *curves(table, frame, f"{STUDY}_{depth}"),
        published.mark_point(style="published").encode(tooltip=["epoch", "published"]),
        published.mark_text(style="over_line", align="right", dx=2, dy=-8).encode(text="label:N"),
    ]
    return panel(layers_in_words(depth), layers, width=135, height=260)
