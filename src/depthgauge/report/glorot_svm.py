"""Glorot and Bengio, section 5: support vectors and a net of five layers on the same sample."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, measured, missing, selected
from depthgauge.report.chosen_rates import mean_error
from depthgauge.report.error_panel import error_panels, error_y, net_colour
from depthgauge.report.figure import Figure
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
    (drawn,) = error_panels(
        {"Shapeset-3x2": {"network": net}}, STUDY, net_colour(["network"]), (560, 220)
    )
    return Figure(
        study=STUDY,
        title="A support vector machine and a five-layer network on the same sample",
        finding=(
            f"The support vector machine errs on {brief(mean_error(machine))} % of the test images,"
            f" the network on {brief(mean_error(net))} % after {config['steps']:,} updates"
            f" (published, at full length: {PUBLISHED['svm']} and {PUBLISHED['tanh_n']} %)."
        ),
        caption=(
            "Does the network's curve end below the dashed line? Test error on Shapeset-3x2 after"
            f" learning from {config['train_size']:,} examples (published: {SAMPLE:,}). Line:"
            f" network of five hidden layers of {config['hidden'][0]:,} tanh units, normalized"
            f" initialization, median over seeds; {BAND_WORDS}; dashed: support vector machine,"
            f" C = {c:g}, gamma = {gamma:g} / (features × variance). C, gamma and the learning rate"
            " are chosen on the validation images."
        ),
        basis=basis([net]),
        chart=alt.concat(sum(_level(mean_error(machine), net), start=drawn), columns=1),
    )


def _cell(records: Records, model: str) -> xr.Dataset:
    for record in selected(records, STUDY, model=model):
        measured(record, "accuracy_test")
        kept = usable(record)
        if kept.sizes["replica"]:
            return chosen(record).assign_attrs(n_diverged=kept.attrs["n_diverged"])
    raise missing(STUDY, model=model)


def _level(error: float, net: xr.Dataset) -> list[alt.Chart]:
    """Return the error of the support vectors as a dashed line over the net's updates."""
    steps = [0, int(net["evaluation_step"][-1])]
    table = pd.DataFrame({"updates": steps, "error": [*rounded([error])] * 2})
    base = alt.Chart(table.assign(name="support vector machine")).encode(
        x=alt.X("updates:Q"), y=error_y("error")
    )
    words = base.transform_filter(alt.datum.updates == 0).mark_text(style="over_line")
    return [base.mark_line(style="reference"), words.encode(text="name:N")]
