"""Units in the names of metrics, so that a chart says what its axis shows."""

_UNITS = {
    "bias_gradient_norm": "cost per unit of bias",
    "batch_bias_gradient_norm": "cost per unit of bias",
    "window_bias_gradient_norm": "cost per unit of bias",
    "bound": "cost per unit of bias",
    "delta_rms": "cost per unit of pre-activation",
    "delta_mean": "cost per unit of pre-activation",
    "delta_std": "cost per unit of pre-activation",
    "weight_gradient_norm": "cost per unit of weight",
    "weight_gradient_mean": "cost per unit of weight",
    "weight_gradient_std": "cost per unit of weight",
    "probe_cost": "cost",
    "cost_train": "cost",
    "cost_validation": "cost",
    "cost_test": "cost",
    "accuracy_train": "fraction",
    "accuracy_validation": "fraction",
    "accuracy_test": "fraction",
    "update_ratio": "fraction",
    "input_square": "squared activation",
    "output_bias_speed": "1 per step and unit of rate",
    "output_signal_speed": "1 per step and unit of rate",
    "image_signal_speed": "1 per step and unit of rate",
}
"""As docs/records.md has them; a variable that is not here is a pure number."""


def titled(variable: str) -> str:
    """Return a variable's name with its unit, as in "probe_cost: cost"."""
    return f"{variable}: {_UNITS[variable]}" if variable in _UNITS else variable
