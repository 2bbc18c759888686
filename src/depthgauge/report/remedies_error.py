"""What helps: test error of each remedy beside the plain net's, at an equal budget."""

import altair as alt
import pandas as pd

from depthgauge.claims.rates import final_test_error
from depthgauge.claims.statistics import t_interval
from depthgauge.report.cells import Records, layers_in_words
from depthgauge.report.figure import Figure, panel
from depthgauge.report.remedied_nets import STUDY, TITLES, Nets, nets_by_depth, remedies_basis
from depthgauge.report.seeds import rounded

NAME = "remedies_error"


def remedies_error(records: Records) -> Figure:
    """Draw every depth that is there, a panel each; raises DataError without any."""
    depths = nets_by_depth(records)
    tables = {depth: error_table(nets) for depth, nets in depths.items()}
    deepest = tables[max(tables)]
    order = deepest.sort_values("mean", kind="stable")["model"].tolist()
    panels = [_panel(depth, table, order) for depth, table in sorted(tables.items(), reverse=True)]
    drawn = [net for nets in depths.values() for net in nets.values()]
    return Figure(
        study=STUDY,
        name=NAME,
        title="What helps: test error at an equal budget of updates",
        finding=_finding(max(tables), deepest),
        caption=(
            "Rows are sorted by the error of the deepest networks; left of the dashed line, the"
            " plain network, a remedy helps. Test error after the last update; point: mean over"
            " seeds; whisker: 95 % interval of the mean; 90 % is chance."
        ),
        basis=remedies_basis(drawn),
        chart=alt.concat(*panels, columns=2),
    )


def remedies_sigmoid(records: Records) -> Figure:
    """Draw the sigmoid net that Lucas's answer speaks of, with the remedies that it names."""
    study = "remedies_sigmoid"
    depths = nets_by_depth(records, study)
    tables = {depth: error_table(nets) for depth, nets in depths.items()}
    order = tables[max(tables)].sort_values("mean", kind="stable")["model"].tolist()
    panels = [_panel(depth, table, order) for depth, table in tables.items()]
    drawn = [net for nets in depths.values() for net in nets.values()]
    return Figure(
        study=study,
        name=study,
        title="Step sizes by layer, adaptive and second-order methods on a sigmoid network",
        finding=_finding(max(tables), tables[max(tables)]),
        caption=(
            "Left of the dashed line, the plain network, a remedy helps. Test error of Nielsen's"
            " network after the last update, plain and with each remedy; point: mean over seeds;"
            " whisker: 95 % interval of the mean; 90 % is chance."
        ),
        basis=remedies_basis(drawn),
        chart=alt.concat(*panels, columns=1),
    )


def _finding(depth: int, table: pd.DataFrame) -> str:
    """Return how many remedies have intervals wholly below the plain net's error, and the best."""
    rows = {row["model"]: row for row in table.to_dict("records")}
    plain = rows.pop(TITLES["plain"], None)
    if plain is None or not rows:
        return f"Networks of {layers_in_words(depth)}: not all models were trained."
    level = plain["mean"]
    best = min(rows.values(), key=lambda row: row["mean"])
    helped = sum(row["high"] < level for row in rows.values())
    return (
        f"With {layers_in_words(depth)} the plain network errs on {level:.3g} % of the test images;"
        f" {helped} of {len(rows)} remedies lower that, most of all {best['model']}"
        f" ({best['mean']:.3g} %)."
    )


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
    x = alt.X("mean:Q", title="test error (%)", scale=alt.Scale(domain=[0, 100]))
    y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelLimit=200))
    low = x.copy()
    low.shorthand = "low:Q"
    base = alt.Chart(table).encode(y=y, tooltip=["model", "mean", "low", "high", "rate"])
    layers = [
        base.mark_rule(style="interval").encode(x=low, x2="high"),
        base.mark_point(filled=True, size=45).encode(x=x),
    ]
    plain = table[table["model"] == TITLES["plain"]]
    layers.append(alt.Chart(plain).mark_rule(style="reference").encode(x=x))
    return panel(layers_in_words(depth).capitalize(), layers, width=200, height=18 * len(table))
