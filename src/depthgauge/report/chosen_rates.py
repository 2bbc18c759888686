"""Test errors of cells that were trained with several learning rates: tables to draw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.claims.rates import at_chosen_rate, final_errors, final_test_error
from depthgauge.claims.statistics import t_prediction_interval
from depthgauge.errors import DataError
from depthgauge.report.cells import Records, basis, measured
from depthgauge.report.seeds import band_table, rounded, usable
from depthgauge.studies.glorot.errors import WIDTH

Nets = Mapping[str, xr.Dataset]
"""Model -> its cell, in the order in which they are drawn."""


def records_by_set(records: Records, study: str, dataset: str) -> dict[str, xr.Dataset]:
    """Return model -> its record on a data set, all rates, in the grid's order.

    Left out: a model of which every rate diverged, and a cell trained apart from the grid.
    """
    return {
        record.attrs["axes"]["model"]: record
        for record in records.get(study, ())
        if record.attrs["data"]["name"] == dataset
        and "model" in record.attrs["axes"]
        and _learned(record)
    }


def nets_by_set(records: Records, study: str, datasets: Sequence[str]) -> dict[str, Nets]:
    """Return data set -> model -> cell at its chosen rate; data sets that were not run are absent.

    n_diverged counts replicas of all rates. Raises DataError when nothing is left.
    """
    found = {}
    for dataset in datasets:
        cells = records_by_set(records, study, dataset)
        if cells:
            found[dataset] = {model: _chosen(cell) for model, cell in cells.items()}
    if not found:
        raise _nothing(study, " or ".join(datasets))
    return found


def cells_at_chosen_rates(records: Records, study: str, dataset: str) -> list[xr.Dataset]:
    """Return the cells of a study on a data set, each at its chosen rate, in the grid's order.

    Left out: a cell of which every rate diverged. Raises DataError when nothing is left.
    """
    found = [
        _chosen(record)
        for record in records.get(study, ())
        if record.attrs["data"]["name"] == dataset and _learned(record)
    ]
    if not found:
        raise _nothing(study, dataset)
    return found


def _nothing(study: str, datasets: str) -> DataError:
    return DataError(
        f"study {study} has no usable record on {datasets};"
        f" run `depthgauge train study={study}` or `dvc repro`"
    )


def _learned(record: xr.Dataset) -> bool:
    measured(record, "accuracy_test")
    measured(record, "accuracy_validation")
    return bool(np.isfinite(list(final_errors(record).values())).any())


def _chosen(cell: xr.Dataset) -> xr.Dataset:
    return at_chosen_rate(cell).assign_attrs(n_diverged=usable(cell).attrs["n_diverged"])


def curve_table(net: xr.Dataset) -> pd.DataFrame:
    """Return the seed bands of the test error in percent: updates, low, median, high."""
    error = 100 * (1 - measured(net, "accuracy_test"))
    return band_table(error, "evaluation_step").rename(columns={"evaluation_step": "updates"})


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
    errors = {rate: each for rate, each in final_errors(record).items() if np.isfinite(each)}
    best = min(errors.values(), default=np.inf)
    rows = [(rate, float(f"{each:.4g}"), each == best) for rate, each in errors.items()]
    return pd.DataFrame(rows, columns=["rate", "error", "chosen"])


def error_basis(found: Mapping[str, Nets]) -> str:
    """Return what a figure of these cells rests on: widths, then as `basis`."""
    nets = [net for each in found.values() for net in each.values()]
    widths = sorted({width for net in nets for width in net.attrs["config"]["hidden"]})
    span = f"{widths[0]:,}" if len(widths) == 1 else f"{widths[0]:,} to {widths[-1]:,}"
    return f"Hidden layers of {span} units (published: {WIDTH:,}). {basis(nets)}"
