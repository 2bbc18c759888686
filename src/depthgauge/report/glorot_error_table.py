"""Glorot and Bengio, Table 1, as a picture: our test errors and the published ones."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import (
    Nets,
    by_model,
    error_basis,
    final_table,
    mean_error,
    rate_table,
    trained,
)
from depthgauge.report.error_panel import error_y
from depthgauge.report.figure import Figure, panel
from depthgauge.report.glorot_error_curves import STUDY, nets_by_set
from depthgauge.report.models import MODELS, SHOWN
from depthgauge.report.numbers import brief
from depthgauge.studies.glorot.register import ERRORS, TITLES

HEIGHT = 150
"""Of each panel, in pixels."""

_ENDS = (1, 100)
"""Of the axis of errors, in percent; intervals are cut there."""


def error_table(records: Records) -> Figure:
    """Draw every data set that was trained on; raises DataError without any."""
    found = nets_by_set(records, tuple(TITLES))
    panels = [
        each
        for dataset, nets in found.items()
        for each in (
            _errors(dataset, nets),
            _rates(dataset, by_model(trained(records, STUDY, dataset=dataset))),
        )
    ]
    return Figure(
        study=STUDY,
        title="Test error five layers deep (Table 1)",
        finding=_finding(found),
        caption=(
            "Does the diamond, the published value, lie on the whisker? Test error of five"
            " hidden layers after the last update, at the learning rate with the smallest"
            " validation error. Point: mean over seeds; whisker: 95 % prediction interval for one"
            " more run, cut at 1 and 100 %. Learning rate: validation error against the"
            " learning rate, mean over seeds; circled: the chosen rate. A choice at the end of a"
            " line decides no claim, since a better rate may lie beyond; rates at which a seed"
            " diverged are left out."
        ),
        basis=error_basis([net for nets in found.values() for net in nets.values()]),
        chart=alt.concat(*panels, columns=2),
    )


def _finding(found: Mapping[str, Nets]) -> str:
    """Return the mean test errors of the first data set, and how short the training was."""
    dataset, nets = next(iter(found.items()))
    errors = "; ".join(
        f"{SHOWN[model].lower()} {brief(mean_error(net))} %" for model, net in nets.items()
    )
    attrs = next(iter(nets.values())).attrs
    return (
        f"{TITLES[dataset]} after {attrs['config']['steps']:,} of {attrs['published_steps']:,}"
        f" updates: {errors}."
    )


def _errors(dataset: str, nets: Nets) -> alt.LayerChart:
    table = final_table(nets, ERRORS.get(dataset, {}))
    table["model"] = [SHOWN[model] for model in table["model"]]
    shown = table.assign(low=table["low"].clip(*_ENDS), high=table["high"].clip(*_ENDS))
    y = alt.Y("model:N", sort=MODELS, title=None)
    base = alt.Chart(shown).encode(y=y, color=_COLOUR, tooltip=list(table.columns))
    published = alt.Chart(table[["model", "published"]].dropna()).mark_point(style="published")
    layers = [
        published.encode(x=_error_x("published"), y=y, tooltip=["model", "published"]),
        base.mark_rule(style="interval").encode(x=_error_x("low"), x2="high"),
        base.mark_point(filled=True, size=45, opacity=1).encode(x=_error_x("mean")),
    ]
    return panel(TITLES[dataset], layers, width=250, height=HEIGHT)


_COLOUR = alt.Color("model:N", scale=alt.Scale(domain=MODELS), legend=None)


def _error_x(field: str) -> alt.X:
    scale = alt.Scale(type="log", domain=list(_ENDS), nice=False)
    axis = alt.Axis(values=[1, 2, 5, 10, 20, 50, 100])
    return alt.X(f"{field}:Q", title="test error (%)", scale=scale, axis=axis)


def _rates(dataset: str, cells: Nets) -> alt.LayerChart:
    tables = [rate_table(cell).assign(model=SHOWN[model]) for model, cell in cells.items()]
    table = pd.concat(tables, ignore_index=True)
    base = alt.Chart(table).encode(
        x=alt.X(
            "rate:Q",
            title="learning rate",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(values=sorted(set(table["rate"]))),
        ),
        y=error_y("error").title("validation error (%)"),
        color=_COLOUR,
        tooltip=list(table.columns),
    )
    layers = [
        base.mark_line(style="median"),
        base.mark_point(filled=True, size=25, opacity=1),
        base.transform_filter("datum.chosen").mark_point(size=160, strokeWidth=2, opacity=1),
    ]
    return panel(f"{TITLES[dataset]}: learning rate", layers, width=250, height=HEIGHT)
