"""The curves as small tidy tables, for `dvc plots show` and `dvc plots diff`."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from depthgauge.errors import DataError
from depthgauge.report import nielsen_accuracy, nielsen_training_speed
from depthgauge.report.cells import Records, by_depth, hidden, matching
from depthgauge.report.nielsen_accuracy import accuracy_table
from depthgauge.report.seeds import band_table
from depthgauge.untrusted import lookups_in


def plots(records: Records) -> dict[str, pd.DataFrame]:
    """Return the tables that `records` allow, by name; what is missing, the report says."""
    tables = {}
    for name, table in PLOTS.items():
        try:
            with lookups_in(f"a record of {name}"):
                tables[name] = table(records)
        except DataError:
            continue
    return tables


def accuracies(records: Records) -> pd.DataFrame:
    """Return hidden_layers, epoch, low, median, high: seed bands of the accuracy in percent."""
    nets = by_depth(records, nielsen_accuracy.STUDY)
    tables = [accuracy_table(net).assign(hidden_layers=depth) for depth, net in nets.items()]
    return pd.concat(tables).reindex(columns=["hidden_layers", "epoch", "low", "median", "high"])


def speeds(records: Records, depth: int) -> pd.DataFrame:
    """Return step, layer, low, median, high: full-batch seed bands, cost per unit of bias."""
    net = matching(records, nielsen_training_speed.STUDY, depth=depth, batch="full")[0]
    return band_table(hidden(net, nielsen_training_speed.NORM), "step")


PLOTS: dict[str, Callable[[Records], pd.DataFrame]] = {
    "nielsen_accuracy": accuracies,
    "nielsen_training_speed_2": partial(speeds, depth=2),
    "nielsen_training_speed_3": partial(speeds, depth=3),
    "nielsen_training_speed_4": partial(speeds, depth=4),
}
"""File stem under results/plots/ -> its table."""
