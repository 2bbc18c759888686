"""Glorot and Bengio, section 5: what normalized initialization gains in three shapes of net."""

import altair as alt

from depthgauge.claims.rates import final_test_error
from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import Nets, error_basis, final_table, nets_by_set
from depthgauge.report.figure import Figure, panel
from depthgauge.studies.glorot.published import SHAPES

STUDY = "glorot_widths"
DATASET = "shapeset"

_ROWS = {"tanh": "standard", "tanh_n": "normalized"}


def widths(records: Records) -> Figure:
    """Draw the shapes that are there; raises DataError without any."""
    found = nets_by_set(records, STUDY, (DATASET,))
    nets = found[DATASET]
    panels = [_panel(shape, nets) for shape in SHAPES if any(_of(shape, each) for each in nets)]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Layers that grow, shrink or stay equal",
        finding=_finding(nets),
        caption=(
            "Is the normalized initialization better in every shape? Test error on Shapeset-3x2 of"
            " five hidden layers of tanh units, as many units in every network, at the learning"
            " rate chosen on the validation images. Point: mean over seeds; whisker: 95 %"
            " prediction interval for one more run, cut at 100 %."
        ),
        basis=error_basis(found),
        chart=alt.concat(*panels, columns=3).resolve_scale(x="shared"),
    )


def _finding(nets: Nets) -> str:
    """Return by how many points the normalized initialization changes the error, by shape."""
    gains = []
    for shape in SHAPES:
        pair = [nets.get(f"{model}_{shape}") for model in _ROWS]
        errors = [float(final_test_error(net).mean()) for net in pair if net is not None]
        if len(errors) == len(_ROWS):
            gains.append(f"{errors[1] - errors[0]:+.1f} points with {shape} layers")
    return f"The normalized initialization changes the mean test error by {', '.join(gains)}."


def _panel(shape: str, nets: Nets) -> alt.LayerChart:
    chosen = {model: net for model, net in nets.items() if _of(shape, model)}
    table = final_table(chosen, {})
    table["model"] = [_ROWS[model.removesuffix(f"_{shape}")] for model in table["model"]]
    table["high"] = table["high"].clip(upper=100)
    names = list(_ROWS.values())
    y = alt.Y("model:N", sort=names, title=None)
    base = alt.Chart(table).encode(
        y=y, color=alt.Color("model:N", scale=alt.Scale(domain=names), legend=None)
    )
    layers = [
        base.mark_rule(style="interval").encode(x=_at("low"), x2="high"),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=_at("mean"), tooltip=list(table.columns)
        ),
    ]
    return panel(_title(shape, chosen), layers, width=180, height=70)


def _of(shape: str, model: str) -> bool:
    return model.endswith(f"_{shape}")


def _title(shape: str, nets: Nets) -> str:
    hidden = next(iter(nets.values())).attrs["config"]["hidden"]
    span = f"{hidden[0]:,} to {hidden[-1]:,}" if hidden[0] != hidden[-1] else f"{hidden[0]:,}"
    return f"{shape}: {span}"


def _at(field: str) -> alt.X:
    return alt.X(f"{field}:Q", title="test error (%)", scale=alt.Scale(zero=False))
