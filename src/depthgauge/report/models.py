"""How figures name and colour the models of Table 1: activation with initialization."""

from depthgauge.studies.glorot.register import NAMES

_NORMALIZED = " N"
"""How Table 1 marks the normalized initialization."""

SHOWN = {
    model: f"Normalized {name.removesuffix(_NORMALIZED).lower()}"
    if name.endswith(_NORMALIZED)
    else name
    for model, name in NAMES.items()
}
"""Model -> its name in figures, from the worst of Table 1's first column to the best.

The order decides on a model's colour, the same in every figure.
"""

MODELS = list(SHOWN.values())
