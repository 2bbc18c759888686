"""How figures name and colour the models of Table 1: activation with initialization."""

import altair as alt

from depthgauge.studies.glorot.published import NAMES

MODELS = list(NAMES.values())
"""From the worst of Table 1's first column to the best."""

_SCALE = alt.Scale(domain=MODELS)


def model_colour(legend: bool = True) -> alt.Color:
    """Return the colour of a model, the same in every figure; column model."""
    shown = alt.Legend(title="model", values=MODELS) if legend else None
    return alt.Color("model:N", scale=_SCALE, legend=shown)
