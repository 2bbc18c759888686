"""Nielsen, ch. 5: the first six neurons of two hidden layers, each with a bar for its speed."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, OUTLINE, SPEED, bare
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.ridges import ridge_layer, ridge_table
from depthgauge.report.seeds import rounded
from depthgauge.studies.nielsen.initial_speed import BARS

STUDY = "nielsen_neuron_bars"
LAYERS = (1, 2)
LARGER = 32
"""Of the 36 pairs of bars in the chapter's figure."""

_REACH = 0.65
"""Length of the longest bar, where 1 is the distance between the two layers."""
_EDGE = 0.09
"""Where a bar starts: at the edge of its neuron's circle, in the same unit."""


def neuron_bars(records: Records) -> Figure:
    """Draw the chapter's picture for the first seed, next to all seeds."""
    net = matching(records, STUDY, depth=len(LAYERS))[0]
    speeds = abs(measured(net, "bias_gradient").sel(gradient_step=0, unit=slice(1, BARS)))
    bars = bar_table(speeds.isel(replica=0))
    every = {layer: speeds.sel(layer=layer).values.ravel() for layer in LAYERS}
    hills = panel("All seeds", [ridge_layer(ridge_table(every))], width=290, height=260)
    seed, images = int(net["seed"][0]), net.attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        title=f"How fast the first {BARS} neurons of each hidden layer learn at first",
        finding=_finding(speeds),
        caption=(
            f"Compare the two columns of bars. Seed {seed}, the first, drawn as in the chapter:"
            f" each bar is as long as |∂C/∂b| of its neuron, averaged over the first {images:,}"
            f" training images; the longest is {bars['speed'].max():.3g} cost per unit of bias. All"
            f" seeds: the same {BARS} neurons in the network of each seed (share of values in each"
            " bin)."
        ),
        basis=basis([net]),
        chart=alt.concat(_picture(bars, seed), hills, columns=2),
    )


def _finding(speeds: xr.DataArray) -> str:
    """Return in how many pairs of neurons the one of layer 2 starts faster, mean over seeds."""
    first, second = (speeds.sel(layer=each).rename(unit=f"unit_{each}") for each in LAYERS)
    pairs = (second > first).mean("replica").sum().item()
    return (
        f"In {pairs:.3g} of the {BARS**2} pairs of a neuron of layer 2 and one of layer 1 the"
        f" former starts faster (mean over seeds; in the chapter's figure: {LARGER})."
    )


def bar_table(speeds: xr.DataArray) -> pd.DataFrame:
    """Return a row a neuron of `speeds`, (layer, unit): layer, neuron, speed, from, to.

    The bar reaches from its neuron, at x = layer, towards the output; its length is the speed.
    """
    table = speeds.sel(layer=list(LAYERS)).transpose("layer", "unit").to_series().rename("speed")
    table = table.reset_index().rename(columns={"unit": "neuron"})[["layer", "neuron", "speed"]]
    table["speed"] = rounded(table["speed"])
    reach = rounded(_REACH * table["speed"] / table["speed"].max())
    edge = table["layer"] + _EDGE
    return table.assign(**{"from": edge, "to": edge + reach})


def _picture(bars: pd.DataFrame, seed: int) -> alt.LayerChart:
    tooltip = ["layer", "neuron", alt.Tooltip("speed", title=SPEED)]
    base = alt.Chart(bars).encode(y=_NEURONS, tooltip=tooltip)
    circles = base.mark_point(style="neuron").encode(
        x=alt.X("layer:Q", scale=_SCALE, axis=_COLUMNS), stroke=OUTLINE
    )
    speeds = base.mark_bar(size=9).encode(x=alt.X("from:Q", scale=_SCALE), x2="to", color=LAYER)
    layers = [_synapses(bars), circles, speeds]
    return panel(f"Seed {seed}", layers, width=290, height=260)


def _synapses(bars: pd.DataFrame) -> alt.Chart:
    """Return the weights between the two layers as faint lines, as the chapter draws them."""
    first, second = (bars.query("layer == @layer").filter(["layer", "neuron"]) for layer in LAYERS)
    lines = alt.Chart(first.merge(second, "cross", suffixes=("", "_to")))
    x = alt.X("layer:Q", scale=_SCALE, axis=_COLUMNS)
    return lines.mark_rule(opacity=0.12).encode(x=x, x2="layer_to", y=_NEURONS, y2="neuron_to")


_SCALE = alt.Scale(domain=[LAYERS[0] - 0.15, LAYERS[-1] + _EDGE + _REACH])
_COLUMNS = bare(list(LAYERS), "hidden layer")
_NEURONS = alt.Y(
    "neuron:Q",
    scale=alt.Scale(domain=[0.4, BARS + 0.6], reverse=True),
    axis=bare(list(range(1, BARS + 1)), "neuron"),
)
