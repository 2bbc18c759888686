"""Nielsen, ch. 5: what chains of one-neuron layers do to a gradient, drawn over the formulas."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LOG, powers
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.numbers import typical
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.theory import steep_width, widest_steepness

STUDY = "nielsen_chain"

_LONGEST = 30
"""Neurons of the chain whose gradients are drawn."""


def chain(records: Records) -> Figure:
    """Draw factors, gradients and steep intervals; raises DataError without the records."""
    (four,) = matching(records, STUDY, hidden=[1] * 3)
    (long,) = matching(records, STUDY, hidden=[1] * (_LONGEST - 1))
    return Figure(
        study=STUDY,
        title="Chains of one-neuron layers: products that vanish and products that explode",
        finding=_finding(four, long),
        caption=(
            "Factor of one neuron: by how much one neuron multiplies the gradient, |w σ′(z)|"
            " (dashed: 1/4), in chains of 4, weights and biases drawn from N(0, 1), share of"
            f" neurons in each bin. Chains: |∂C/∂b| of each of {_LONGEST} neurons, relative to the"
            f" last one, for random chains (line: median over seeds; {BAND_WORDS}) and for weights"
            " of 100 with every z = 0; dashed: a factor of 1/4 or 25 per neuron. Inputs: only"
            " weights above 4 can keep the signal, and only on a narrow interval of inputs: its"
            " width, measured by bisection (line) and by equation 123 (dashed); diamond: the"
            " widest."
        ),
        basis=basis([four]),
        chart=alt.concat(_factors(four), _gradients(long), _steepness(four), columns=3),
    )


def _finding(four: xr.Dataset, long: xr.Dataset) -> str:
    below = float((abs(measured(four, "chain_factor")[:, 1:]) < 1 / 4).mean())
    gradient = abs(measured(long, "chain_bias_gradient"))
    fall = typical(gradient.isel(layer=-1) / gradient.isel(layer=0)) ** (1 / (_LONGEST - 1))
    return (
        f"{100 * below:.0f} % of random neurons multiply the gradient by less than 1/4, and in a"
        f" chain of {_LONGEST} it shrinks {fall:.2g}-fold at each neuron."
    )


def factor_table(net: xr.Dataset) -> pd.DataFrame:
    """Return the histogram of |w σ'(z)|, neurons after the first: from, to, share."""
    values = np.log10(np.abs(measured(net, "chain_factor").values[:, 1:]).ravel())
    edges = np.arange(-4, 0.76, 0.125)
    counts, _ = np.histogram(values, edges)
    ends = rounded(10**edges)
    share = rounded(counts / values.size)
    return pd.DataFrame({"from": ends[:-1], "to": ends[1:], "share": share})


def gradient_table(net: xr.Dataset) -> pd.DataFrame:
    """Return both kinds of chain: neuron, kind, low, median, high, and `theory`."""
    tables = []
    for kind, name, factor in (("random", "chain", 0.25), ("weights 100", "exploding", 25.0)):
        gradient = abs(measured(net, f"{name}_bias_gradient"))
        relative = gradient / gradient.isel(layer=-1)
        table = band_table(relative, "layer").rename(columns={"layer": "neuron"})
        theory = factor ** (net.sizes["layer"] - table["neuron"].to_numpy(dtype=float))
        tables.append(table.assign(kind=kind, theory=rounded(theory)))
    return pd.concat(tables)


def _factors(net: xr.Dataset) -> alt.LayerChart:
    scale = alt.Scale(type="log", nice=False, domain=[1e-4, 10**0.75])
    x = alt.X("from:Q", scale=scale, title="|w σ′(z)|", axis=powers(range(-4, 1)))
    y = alt.Y("share:Q", title="share of neurons")
    bars = alt.Chart(factor_table(net)).mark_rect(style="ridge")
    quarter = alt.Chart(pd.DataFrame({"from": [0.25]})).mark_rule(style="reference").encode(x=x)
    shares = bars.encode(x=x, x2="to", y=y, y2=alt.datum(0), tooltip=["from", "to", "share"])
    return panel("Factor of one neuron", [shares, quarter], width=180, height=230)


def _gradients(net: xr.Dataset) -> alt.LayerChart:
    table = gradient_table(net)
    x = alt.X("neuron:Q", title="neuron, 1 next to the input")
    y = y_axis("|∂C/∂b| relative to the last neuron", LOG, powers(range(-50, 51, 10)))
    dashed = alt.Chart(table).encode(x=x, detail="kind:N", y=y("theory"))
    places = alt.Chart(table.query(f"neuron == {_LONGEST // 3}")).encode(x=x, y=y("median"))
    layers = [
        *curves(table, Frame(x, y, alt.Color("kind:N", legend=None)), f"{STUDY}_gradients"),
        dashed.mark_line(style="reference"),
        *(
            places.transform_filter(alt.datum.kind == kind)
            .mark_text(style=style)
            .encode(text="kind:N")
            for kind, style in (("random", "under_line"), ("weights 100", "over_line"))
        ),
    ]
    return panel(f"Chains of {_LONGEST}", layers, width=180, height=230)


def _steepness(net: xr.Dataset) -> alt.LayerChart:
    table = band_table(measured(net, "steep_width"), "steep_weight")
    table = table.rename(columns={"steep_weight": "weight"})
    table["theory"] = rounded(steep_width(table["weight"]))
    x = alt.X("weight:Q", title="|w|", scale=alt.Scale(domain=[3, 12]))
    y = y_axis("width of the interval")
    random = alt.ColorDatum("random", type="nominal")  # the same chains as in the other panels
    best = pd.DataFrame([rounded(widest_steepness())], columns=["weight", "width"])
    layers = [
        *curves(table, Frame(x, y, random), f"{STUDY}_steepness"),
        alt.Chart(table).mark_line(style="reference").encode(x=x, y=y("theory")),
        alt.Chart(best).mark_point(style="published").encode(x=x, y=y("width")),
    ]
    return panel("Inputs with |w σ′| ≥ 1", layers, width=180, height=230)
