"""What helps: test errors of each remedy and of the plain net, at an equal budget."""

import altair as alt
import pandas as pd

from depthgauge.claims.rates import final_test_error
from depthgauge.claims.statistics import t_interval
from depthgauge.report.cells import Records, layers_in_words
from depthgauge.report.chosen_rates import Nets
from depthgauge.report.figure import Figure, panel
from depthgauge.report.remedied_nets import STUDY, TITLES, nets_by_depth, remedies_basis
from depthgauge.report.seeds import rounded

_MARKS = (
    " A remedy helps if it is left of the dashed line (the plain network), clearly so if its"
    " whole whisker is. Point: mean over seeds; whisker: 95 % interval of the mean; 90 % is"
    " chance."
)
_KINDS = ["clearly better than plain", "not clearly better"]


_ROWS = alt.Legend(title=None, columns=1)


def remedies_error(records: Records) -> Figure:
    """Draw every depth that is there, a panel each; raises DataError without any."""
    return _figure(
        records,
        STUDY,
        "What helps: test error at an equal budget of updates",
        "Test error after the last update; rows are sorted by that of the deepest networks. Each"
        " panel has its own axis." + _MARKS,
    )


def remedies_sigmoid(records: Records) -> Figure:
    """Draw the sigmoid net that Lucas's answer speaks of, with the remedies that it names."""
    return _figure(
        records,
        "remedies_sigmoid",
        "Step sizes by layer, adaptive and second-order methods on a sigmoid network",
        "Test error of Nielsen's network after the last update, plain and with each remedy."
        + _MARKS,
    )


def _figure(records: Records, study: str, title: str, caption: str) -> Figure:
    depths = nets_by_depth(records, study)
    tables = {depth: error_table(nets) for depth, nets in depths.items()}
    deepest = tables[max(tables)]
    order = deepest.sort_values("mean", kind="stable")["model"].tolist()
    panels = [_panel(depth, table, order) for depth, table in sorted(tables.items(), reverse=True)]
    return Figure(
        study=study,
        title=title,
        finding=_finding(max(tables), deepest),
        caption=caption,
        basis=remedies_basis([net for nets in depths.values() for net in nets.values()]),
        chart=alt.concat(*panels, columns=len(panels)),
    )


def _finding(depth: int, table: pd.DataFrame) -> str:
    """Return how many remedies have their interval below the plain net's error, and the best."""
    level, remedies = _plain(table), table[table["model"] != TITLES["plain"]]
    if level is None or remedies.empty:
        return f"Networks of {layers_in_words(depth)}: not all models were trained."
    error, best = min(zip(remedies["mean"], remedies["model"], strict=True))
    return (
        f"With {layers_in_words(depth)} the plain network errs on {level:.3g} % of the test images;"
        f" {(remedies['high'] < level).sum()} of {len(remedies)} remedies lower that, most of all"
        f" {best} ({error:.3g} %)."
    )


def _plain(table: pd.DataFrame) -> float | None:
    """Return the plain net's mean error; None where it was not trained."""
    found = table.loc[table["model"] == TITLES["plain"], "mean"].tolist()
    return found[0] if found else None


def error_table(nets: Nets) -> pd.DataFrame:
    """Return the test error of each model in percent: model, rate, mean, low, high."""
    rows = []
    for model, net in nets.items():
        values = final_test_error(net)
        ends = t_interval(values) if len(values) > 1 else (values[0], values[0], values[0])
        mean, low, high = rounded(ends)
        rate = float(net["learning_rate"][0])
        rows.append((TITLES[model], rate, mean, max(low, 0.0), min(high, 100.0)))
    return pd.DataFrame(rows, columns=["model", "rate", "mean", "low", "high"])


def _panel(depth: int, table: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    level = _plain(table) or 0.0
    table = table.assign(verdict=[_KINDS[high >= level] for high in table["high"]])
    base = alt.Chart(table).encode(
        y=alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelLimit=200)),
        color=alt.Color("verdict:N", scale=alt.Scale(domain=_KINDS), legend=_ROWS),
        tooltip=["model", "mean", "low", "high", "rate"],
    )
    plain = alt.Chart(table).transform_filter(alt.datum.model == TITLES["plain"])
    layers = [
        base.mark_rule(style="interval").encode(x=_at("low"), x2="high"),
        base.mark_point(style="measured").encode(x=_at("mean")),
        plain.mark_rule(style="reference").encode(x=_at("mean")),
    ]
    return panel(layers_in_words(depth), layers, width=200, height=18 * len(table))


def _at(field: str) -> alt.X:
    return alt.X(
        f"{field}:Q",
        title="test error (%)",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(tickCount=8),
    )
