"""Test errors of cells that were trained with several learning rates: tables to draw."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.claims.rates import at_chosen_rate, chosen_rate, final_errors, final_test_error
from depthgauge.claims.statistics import t_prediction_interval
from depthgauge.report.cells import Records, basis, measured, missing, selected
from depthgauge.report.seeds import band_table, rounded, usable
from depthgauge.studies.glorot.errors import WIDTH

Nets = Mapping[str, xr.Dataset]
"""Model -> its cell, in the order in which they are drawn."""


def trained(records: Records, study: str, **wanted: Any) -> list[xr.Dataset]:
    """Return the cells of `study` that are as `wanted`, all rates, in the grid's order.

    Left out: a cell of which every rate diverged, and one that was trained apart from the grid.
    Raises DataError when nothing is left.
    """
    found = [
        cell
        for cell in selected(records, study, **wanted)
        if "model" in cell.attrs["axes"] and _learned(cell)
    ]
    if not found:
        raise missing(study, **wanted)
    return found


def tuned(records: Records, study: str, **wanted: Any) -> list[xr.Dataset]:
    """Return the cells that `trained` returns, each at its chosen rate.

    Attribute n_diverged counts replicas of all rates, `rates` the rates.
    """
    return [
        at_chosen_rate(cell).assign_attrs(
            n_diverged=usable(cell).attrs["n_diverged"], rates=len(np.unique(cell["learning_rate"]))
        )
        for cell in trained(records, study, **wanted)
    ]


def by_model(cells: Iterable[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return model -> its cell."""
    return {cell.attrs["axes"]["model"]: cell for cell in cells}


def _learned(cell: xr.Dataset) -> bool:
    for variable in ("accuracy_test", "accuracy_validation"):
        measured(cell, variable)
    return bool(np.isfinite(list(final_errors(cell).values())).any())


def curve_table(net: xr.Dataset) -> pd.DataFrame:
    """Return the seed bands of the test error in percent: updates, low, median, high."""
    error = 100 * (1 - measured(net, "accuracy_test"))
    return band_table(error.rename(evaluation_step="updates"), "updates")


def mean_error(net: xr.Dataset) -> float:
    """Return the test error after the last update in percent, mean over seeds."""
    return float(final_test_error(net).mean())


def final_table(nets: Nets, published: Mapping[str, float]) -> pd.DataFrame:
    """Return for each model where one more run would end: model, mean, low, high, rate, published.

    Test error in percent; low and high are NaN for a single seed, published where it is unknown.
    """
    rows = []
    for model, net in nets.items():
        values = final_test_error(net)
        ends = t_prediction_interval(values) if len(values) > 1 else (values[0], np.nan, np.nan)
        rate = float(net["learning_rate"][0])
        rows.append((model, *rounded(ends), rate, published.get(model, np.nan)))
    return pd.DataFrame(rows, columns=["model", "mean", "low", "high", "rate", "published"])


def rate_table(record: xr.Dataset) -> pd.DataFrame:
    """Return the validation error against the rate: rate, error, chosen; diverged rates are out."""
    errors = final_errors(record)
    best = chosen_rate(errors, record.attrs["label"])
    rows = [
        (rate, *rounded([each]), rate == best) for rate, each in errors.items() if np.isfinite(each)
    ]
    return pd.DataFrame(rows, columns=["rate", "error", "chosen"])


def error_basis(nets: Collection[xr.Dataset]) -> str:
    """Return what a figure of these cells rests on: widths, then as `basis`."""
    widths = sorted({width for net in nets for width in net.attrs["config"]["hidden"]})
    ends = " to ".join(dict.fromkeys(f"{width:,}" for width in (widths[0], widths[-1])))
    return f"Hidden layers of {ends} units (published: {WIDTH:,}). {basis(nets)}"
