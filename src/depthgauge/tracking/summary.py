"""The cells of a sweep in one table, the most accurate first, for the page of the parent run."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from depthgauge.tracking.curves import converged
from depthgauge.tracking.scalars import ACCURACY, COST, DECADES, interval, of_each_seed
from depthgauge.tracking.sweep import Cell

MOST_CHARACTERS = 5000
"""Of the table in the description, which MLflow limits to 8,000 with the study's page below it."""

SHOWN = {ACCURACY: "accuracy", COST: "cost", DECADES: "decades of gradient"}


def summary(records: Sequence[tuple[Cell, xr.Dataset]]) -> pd.DataFrame:
    """Return a row for each cell: run, seeds, diverged; of each final number mean, low and high.

    `low` and `high` are the ends of the mean's 95 % interval over the seeds.
    """
    table = pd.DataFrame([_row(cell, record) for cell, record in records])
    known = ACCURACY in table
    return table.sort_values(ACCURACY, ascending=False, kind="stable") if known else table


def markdown(table: pd.DataFrame) -> str:
    """Return the rows of a summary that fit in a description, with what each column means."""
    shown = {name: title for name, title in SHOWN.items() if name in table}
    lines = [_line(["run", *shown.values()]), _line(["---", *("---:" for _ in shown)])]
    for row in table.to_dict("records"):
        lines.append(_line([str(row["run"]), *(_number(row, name) for name in shown)]))
    kept = lines
    while sum(map(len, kept)) > MOST_CHARACTERS:
        kept = kept[:-1]
    left = len(lines) - len(kept)
    more = f" {left} more rows: summary.csv among the artifacts." if left else ""
    ends = f"Mean [95 % interval] over the seeds, the most accurate first.{more}"
    return "\n".join([*kept, "", ends])


def _row(cell: Cell, record: xr.Dataset) -> dict[str, object]:
    total = record.sizes["replica"]
    row = {"run": cell.name, "seeds": total, "diverged": total - converged(record).sizes["replica"]}
    for name, values in of_each_seed(record).items():
        low, high = interval(values)
        row |= {name: values.mean(), f"{name}_low": low, f"{name}_high": high}
    return row


def _number(row: Mapping[Hashable, Any], name: str) -> str:
    value, low, high = (row[each] for each in (name, f"{name}_low", f"{name}_high"))
    if math.isnan(value):
        return ""
    return f"{value:.4g}" + ("" if math.isnan(low) else f" [{low:.4g}, {high:.4g}]")


def _line(entries: list[str]) -> str:
    return "| " + " | ".join(each.replace("|", "\\|") for each in entries) + " |"
