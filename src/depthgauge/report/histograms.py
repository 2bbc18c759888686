"""Histograms of records as densities: one curve a layer."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYERS
from depthgauge.report.seeds import rounded

BINS = 101
"""Bins of a drawn curve; an odd number, so that 0 is the middle of one."""


def density_table(shares: xr.DataArray, reach: float) -> pd.DataFrame:
    """Return layer, value, density within +-`reach` from shares (replica, layer, bin).

    Hidden layers alone; mean over replicas. The record's bins are cut into equal ones, a share
    spread evenly within its bin; the middle of a bin stands for it.
    """
    bins = str(shares.dims[-1])
    middles, widths = shares[bins].to_numpy(), shares[f"{bins}_width"].to_numpy()
    edges = np.concatenate([middles - widths / 2, middles[-1:] + widths[-1:] / 2])
    cuts = np.linspace(-reach, reach, BINS + 1)
    means = shares.isel(layer=slice(0, -1)).mean("replica").transpose("layer", bins)
    parts = []
    for layer, row in zip(means["layer"].to_numpy(), means.to_numpy(), strict=True):
        below = np.interp(cuts, edges, np.concatenate([[0.0], np.cumsum(row)]))
        density = rounded(np.diff(below) / np.diff(cuts))
        values = rounded((cuts[1:] + cuts[:-1]) / 2)
        parts.append(pd.DataFrame({"layer": layer, "value": values, "density": density}))
    return pd.concat(parts, ignore_index=True)


def density_layer(
    table: pd.DataFrame, axis: str, reach: float, top: float | None = None
) -> alt.Chart:
    """Return the curves of a `density_table`, up to `top`; `axis` names the value and its unit."""
    scale = alt.Undefined if top is None else alt.Scale(domain=[0, top], nice=False)
    return (
        alt.Chart(table)
        .mark_line(style="median", clip=True)
        .encode(
            x=alt.X(
                "value:Q",
                title=axis,
                scale=alt.Scale(domain=[-reach, reach], nice=False),
                axis=alt.Axis(tickCount=8),
            ),
            y=alt.Y("density:Q", title="density", scale=scale),
            color=alt.Color(
                "layer:O",
                scale=LAYERS,
                legend=alt.Legend(title="hidden layer", values=sorted(set(table["layer"]))),
            ),
        )
    )
