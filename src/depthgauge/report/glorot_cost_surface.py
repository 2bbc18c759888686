"""Glorot and Bengio, Fig. 5: two costs over two weights, and where they are flat."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import rounded
from depthgauge.studies.glorot.cost_surface import FLAT, plateau, plateau_share

STUDY = "glorot_cost_surface"

_LAP = 1.1
"""Cells reach a little under their neighbours, so that no ground shines through the seams."""

_W = {"w1": "first_weight", "w2": "second_weight"}

_COSTS = {"nll": "Log-likelihood", "softmax_quadratic": "Quadratic"}


def cost_surface(records: Records) -> Figure:
    """Draw the surfaces of the first seed and all plateau shares; DataError without a record."""
    (net,) = matching(records, STUDY)
    maps = [_map(title, _points(net, cost)) for cost, title in _COSTS.items()]
    chart = alt.concat(*maps, _shares(net), columns=3).resolve_scale(color="independent")
    settings = net.attrs["config"]["surface"]
    return Figure(
        study=STUDY,
        title="The cost over two weights, one in each layer",
        finding=_finding(net),
        caption=(
            "White dots mark plateaus, where the slope is below"
            f" {FLAT:g} of the surface's range over its side: descent is slow there. Mean cost over"
            f" one weight of each layer, seed {int(net['seed'][0])}, of a tanh network of"
            f" {settings['features']} inputs, {net.attrs['config']['hidden'][0]} hidden units and"
            f" {settings['classes']} softmax outputs on {net.attrs['config']['batch_size']} random"
            " examples. Every seed: its share of plateau; above the dashed line the"
            " quadratic cost has more."
        ),
        basis=basis([net]),
        chart=chart,
    )


def _finding(net: xr.Dataset) -> str:
    likelihood, quadratic = (100 * float(np.mean(plateau_share(net, cost))) for cost in _COSTS)
    return (
        f"Plateaus cover {quadratic:.2g} % of the plane of two weights with the quadratic cost,"
        f" {likelihood:.2g} % with the log-likelihood (mean over seeds)."
    )


def _points(net: xr.Dataset, cost: str) -> pd.DataFrame:
    """Return the first seed's surface: weights, the cell around them, cost, whether it is flat."""
    height = measured(net, f"surface_{cost}").isel(replica=0, drop=True)
    table = height.astype(float).to_series().rename("cost").reset_index()
    half = float(np.diff(net["first_weight"][:2])[0]) / 2
    table["cost"] = rounded(table["cost"])
    for short, axis in _W.items():
        values = table.pop(axis)
        table[short], table[f"{short}_end"] = rounded(values - half), rounded(values + _LAP * half)
    table["flat"] = plateau(net, cost)[0].ravel()
    return table


def _map(title: str, table: pd.DataFrame) -> alt.LayerChart:
    x = alt.X("w1:Q", title="weight in layer 1", scale=alt.Scale(nice=False, zero=False))
    y = alt.Y("w2:Q", title="weight in layer 2", scale=alt.Scale(nice=False, zero=False))
    shade = alt.Color(
        "cost:Q",
        title="cost",
        scale=alt.Scale(scheme="viridis", zero=False),
        legend=alt.Legend(orient="bottom", gradientLength=200),
    )
    base = alt.Chart(table)
    rows = base.mark_rect().encode(x=x, x2="w1_end", y=y, y2="w2_end", color=shade)
    middle = {each: f"datum.{each} + (datum.{each}_end - datum.{each}) / {1 + _LAP}" for each in _W}
    dots = base.transform_filter("datum.flat").transform_calculate(**middle)
    # white on either page: the map below them is as dark on a light one as on a dark one
    marks = dots.mark_point(filled=True, color="white", size=6, opacity=1).encode(
        x="w1:Q", y="w2:Q"
    )
    return panel(title, [rows, marks], width=230, height=230)


def _shares(net: xr.Dataset) -> alt.LayerChart:
    shares = {cost: rounded(100 * plateau_share(net, cost)) for cost in _COSTS}
    table = pd.DataFrame({**shares, "seed": net["seed"].values})
    top = float(max(map(np.max, shares.values())))
    line = pd.DataFrame({"nll": [0.0, top], "softmax_quadratic": [0.0, top]})
    x = alt.X("nll:Q", title="plateau, log-likelihood (%)", axis=alt.Axis(tickCount=6))
    y = alt.Y("softmax_quadratic:Q", title="plateau, quadratic (%)")
    dots = alt.Chart(table).mark_point(size=20, opacity=0.6)
    seeds = dots.encode(x=x, y=y, tooltip=["seed", *_COSTS])
    equal = alt.Chart(line).mark_line(style="reference").encode(x=x, y=y)
    return panel("Every seed", [equal, seeds], width=230, height=230)
