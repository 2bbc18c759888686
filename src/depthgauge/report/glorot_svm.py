"""Glorot and Bengio, section 5: support vectors and a net of five layers on the same sample."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.claims.rates import final_test_error
from depthgauge.errors import DataError
from depthgauge.report.cells import Records, basis, measured
from depthgauge.report.chosen_rates import curve_table
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS, rounded, usable
from depthgauge.studies.glorot.published import SAMPLE_ERRORS as PUBLISHED
from depthgauge.studies.glorot.svm import SAMPLE, chosen

STUDY = "glorot_svm"


def support_vectors(records: Records) -> Figure:
    """Draw the net's curve over the level of the support vectors; DataError without either."""
    machine, net = (_cell(records, model) for model in ("svm", "tanh_n"))
    config = net.attrs["config"]
    c, gamma = (float(measured(machine, f"chosen_{each}")[0]) for each in ("c", "gamma"))
    return Figure(
        study=STUDY,
        name=STUDY,
        title="A support vector machine and a five-layer network on the same sample",
        finding=_finding(float(final_test_error(machine)[0]), net),
        caption=(
            "Does the network's curve end below the dashed line? Test error on Shapeset-3x2 after"
            f" learning from {config['train_size']:,} examples (published: {SAMPLE:,}). Line:"
            f" network of five hidden layers of {config['hidden'][0]:,} tanh units, normalized"
            f" initialization, median over seeds; {BAND_WORDS}; dashed: support vector machine,"
            f" C = {c:g}, gamma = {gamma:g} / (features × variance). C, gamma and the learning rate"
            " are chosen on the validation images."
        ),
        basis=basis([net]),
        chart=alt.concat(_panel(net, float(final_test_error(machine)[0])), columns=1),
    )


def _finding(machine: float, net: xr.Dataset) -> str:
    ours = float(final_test_error(net).mean())
    return (
        f"The support vector machine errs on {brief(machine)} % of the test images, the network on"
        f" {brief(ours)} % after {net.attrs['config']['steps']:,} updates (published, at full"
        f" length: {PUBLISHED['svm']} and {PUBLISHED['tanh_n']} %)."
    )


def _cell(records: Records, model: str) -> xr.Dataset:
    for record in records.get(STUDY, ()):
        kept = usable(record)
        if record.attrs["axes"].get("model") == model and kept.sizes["replica"]:
            measured(record, "accuracy_test")
            lost = kept.attrs["n_diverged"]
            return chosen(record).assign_attrs(n_diverged=lost)
    raise DataError(
        f"study {STUDY} has no usable record of {model};"
        f" run `depthgauge train study={STUDY}` or `dvc repro`"
    )


def _panel(net: xr.Dataset, level: float) -> alt.LayerChart:
    table = curve_table(net)
    (height,) = rounded([level])
    ends = pd.DataFrame({"updates": [0, int(net["evaluation_step"][-1])], "error": [height] * 2})
    x = alt.X("updates:Q", title="updates of the net", axis=alt.Axis(tickCount=8))
    level_y = alt.Y("error:Q", title="test error (%)", scale=alt.Scale(zero=False))
    layers = [
        *error_layers(alt.Chart(table).encode(x=x), "updates"),
        alt.Chart(ends).mark_line(style="reference").encode(x=x, y=level_y, tooltip=["error"]),
    ]
    return panel("Network and support vector machine", layers, width=560, height=220)
