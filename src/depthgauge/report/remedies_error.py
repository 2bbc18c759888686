"""What helps: test error of each remedy beside the plain net's, at an equal budget."""

import altair as alt
import pandas as pd

from depthgauge.claims.rates import final_test_error
from depthgauge.claims.statistics import t_interval
from depthgauge.report.cells import Records
from depthgauge.report.figure import Figure, panel
from depthgauge.report.remedied_nets import STUDY, TITLES, Nets, nets_by_depth, remedies_basis
from depthgauge.report.seeds import rounded

NAME = "remedies_error"

_ORDER = list(TITLES.values())


def remedies_error(records: Records) -> Figure:
    """Draw every depth that is there, a panel each; raises DataError without any."""
    depths = nets_by_depth(records)
    panels = [_panel(depth, error_table(nets)) for depth, nets in depths.items()]
    drawn = [net for nets in depths.values() for net in nets.values()]
    return Figure(
        study=STUDY,
        name=NAME,
        title="What helps: test error at an equal budget of updates",
        caption=(
            "Test error after the last update for the plain net and for each remedy. Point: mean"
            " over seeds; whisker: 95 % interval of the mean; dashed: the plain net; 90 % is"
            f" chance. {remedies_basis(drawn)}"
        ),
        chart=alt.concat(*panels, columns=2),
    )


def remedies_sigmoid(records: Records) -> Figure:
    """Draw the sigmoid net that Lucas's answer speaks of, with the remedies that it names."""
    study = "remedies_sigmoid"
    depths = nets_by_depth(records, study)
    panels = [_panel(depth, error_table(nets)) for depth, nets in depths.items()]
    drawn = [net for nets in depths.values() for net in nets.values()]
    return Figure(
        study=study,
        name=study,
        title="Step sizes by layer, adaptive and second-order methods on a sigmoid net",
        caption=(
            "Test error after the last update of Nielsen's net of four hidden layers, plain and"
            " with each remedy. Point: mean over seeds; whisker: 95 % interval of the mean;"
            f" dashed: the plain net; 90 % is chance. {remedies_basis(drawn)}"
        ),
        chart=alt.concat(*panels, columns=1),
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


def _panel(depth: int, table: pd.DataFrame) -> alt.LayerChart:
    x = alt.X("mean:Q", title="test error (%)", scale=alt.Scale(domain=[0, 100]))
    y = alt.Y("model:N", sort=_ORDER, title=None, axis=alt.Axis(labelLimit=200))
    low = x.copy()
    low.shorthand = "low:Q"
    base = alt.Chart(table).encode(y=y, tooltip=["model", "mean", "low", "high", "rate"])
    layers = [
        base.mark_rule(style="interval").encode(x=low, x2="high"),
        base.mark_point(filled=True, size=45).encode(x=x),
    ]
    plain = table[table["model"] == TITLES["plain"]]
    layers.append(alt.Chart(plain).mark_rule(style="reference").encode(x=x))
    return panel(f"{depth} hidden layers", layers, width=200, height=20 * len(table))
