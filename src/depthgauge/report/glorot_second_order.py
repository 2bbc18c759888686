"""Glorot and Bengio, section 5: step sizes from curvature beside one step size for all."""

import altair as alt

from depthgauge.report.cells import Records
from depthgauge.report.chosen_rates import by_model, error_basis, mean_error, tuned
from depthgauge.report.error_panel import error_panels, net_colour
from depthgauge.report.figure import Figure
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS

STUDY = "glorot_second_order"

_INITS = {"tanh": "Standard initialization", "tanh_n": "Normalized initialization"}
_STEPS = {"": "one for all", "_hessian": "Hessian's diagonal", "_variance": "gradient variance"}
_NAMED = {
    "tanh": "with one step size",
    "tanh_hessian": "with step sizes from the Hessian's diagonal",
    "tanh_n": "with the normalized initialization",
}


def second_order(records: Records) -> Figure:
    """Draw the models that are there; raises DataError without any."""
    nets = by_model(tuned(records, STUDY, dataset="shapeset"))
    pairs = {
        title: {name: nets[init + end] for end, name in _STEPS.items() if init + end in nets}
        for init, title in _INITS.items()
    }
    drawn = {title: each for title, each in pairs.items() if each}
    panels = error_panels(drawn, STUDY, net_colour(list(_STEPS.values())), (290, 250))
    errors = [
        f"{brief(mean_error(nets[model]))} % {name}"
        for model, name in _NAMED.items()
        if model in nets
    ]
    return Figure(
        study=STUDY,
        title="Step sizes from curvature, with both initializations",
        finding=f"Mean test error after the last update: {', '.join(errors)}.",
        caption=(
            "Do step sizes from curvature help as much as the normalized initialization? Test error"
            " on Shapeset-3x2 against updates, each curve at the learning rate chosen on the"
            f" validation images. Line: median over seeds; {BAND_WORDS}. Both panels have the same"
            " axes."
        ),
        basis=error_basis(nets.values()),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )
