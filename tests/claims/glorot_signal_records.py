"""Synthetic records of glorot_init and glorot_saturation.

`records(True)` is a world in which every sentence of the paper is true, `records(False)` one in
which none is. The numbers are drawn around those sentences, not taken from any run of ours.
"""

import numpy as np
import xarray as xr

from depthgauge.config import Dataset, Experiment, plain
from depthgauge.probes.histograms import activation_edges, gradient_edges

MODELS = {
    "sigmoid_4": ("sigmoid", "glorot_standard", 4),
    "sigmoid": ("sigmoid", "glorot_standard", 5),
    "tanh": ("tanh", "glorot_standard", 5),
    "tanh_n": ("tanh", "glorot_normalized", 5),
    "softsign": ("softsign", "glorot_standard", 5),
    "softsign_n": ("softsign", "glorot_normalized", 5),
}
TRAINED = ("sigmoid_4", "sigmoid", "tanh", "softsign", "tanh_n")
DATASETS = ("shapeset", "mnist", "imagenet_sample")
STEPS = np.array([0, 10, 100, 1000, 20_000, 200_000, 2_000_000, 2_500_000])
LAYERS = np.arange(1, 6)


def records(true: bool, seeds: int = 12, steps: int = 2_500_000) -> dict[str, list[xr.Dataset]]:
    """Return both studies; a training stopped after `steps`."""
    return {
        "glorot_init": [
            initial_cell(model, dataset, true, seeds)
            for dataset in DATASETS
            for model in MODELS
            if model != "sigmoid_4"
        ],
        "glorot_saturation": [saturation_cell(model, true, seeds, steps) for model in TRAINED],
    }


def initial_cell(model: str, dataset: str, true: bool, seeds: int) -> xr.Dataset:
    """Signals shrink by 0.6 a layer with the standard init and keep their size otherwise.

    In the other world they grow with the standard init and shrink with the normalized one.
    """
    shrinks = ("_n" in model) != true
    factor = 0.6 if shrinks else 0.99 if true else 1.2
    spreads = 0.4 * factor**LAYERS
    deltas = 0.03 * factor ** LAYERS[::-1]
    weights = np.full(5, 1e-3) if true else 1e-3 * 0.6**LAYERS
    cell = _cell("glorot_init", model, dataset, seeds, 0)
    spreads, deltas, weights = (
        _with_output(_noisy(each, seeds)) for each in (spreads, deltas, weights)
    )
    stretch = np.full((seeds, 6), np.nan)
    stretch[:, 1:5] = _noisy(np.full(4, 0.5 if shrinks else 0.8), seeds)
    return cell.assign_coords(activation_step=[0], signal_step=[0], jacobian_step=[0]).assign(
        activation_mean=_at_start("activation_step", 0 * spreads + 1e-4),
        activation_std=_at_start("activation_step", spreads),
        modulus_percentile_98=_at_start("activation_step", 2 * spreads),
        activation_histogram=_histogram("activation", spreads[:, None]),
        delta_std=_at_start("signal_step", deltas),
        weight_gradient_std=_at_start("signal_step", weights),
        delta_histogram=_histogram("gradient", deltas[:, None]),
        weight_gradient_histogram=_histogram("gradient", weights[:, None]),
        jacobian_singular_value=_at_start("jacobian_step", stretch),
    )


def saturation_cell(model: str, true: bool, seeds: int, steps: int) -> xr.Dataset:
    """Sigmoid: the top layer falls at once and, with four layers, comes back at epoch 100."""
    depth = MODELS[model][2]
    at = STEPS[steps >= STEPS]
    means = np.zeros((len(at), depth + 1))
    tops = np.full((len(at), depth + 1), 0.2)
    if "sigmoid" in model:
        means[:, :-1] = 0.52 + 0.05 * np.arange(depth) * (1 if true else -1)
        means[:, depth - 1] = 0.5
        low = (at >= 1000) & ((at < 2_000_000) | (depth == 5)) & true
        means[low, depth - 1] = 0.05
    else:
        # tanh layers saturate one after another, the others stay where they are, all together
        saturates = (model == "tanh") == true
        onset = STEPS[2:7] if true or model == "softsign" else STEPS[6:1:-1]
        late = at[:, None] >= onset
        late[:, 4] &= not true
        tops[:, :-1] = np.where(saturates & late, 0.99, 0.3)
        if not true and saturates and model != "softsign":
            tops[:, 2] = 0.1  # far apart
    cell = _cell("glorot_saturation", model, "shapeset", seeds, int(at[-1]))
    noisy = {
        "activation_mean": _noisy(means, seeds),
        "modulus_percentile_98": _noisy(tops, seeds),
    }
    noisy["activation_std"] = noisy["modulus_percentile_98"] / 2
    piled = (model == "tanh") if true else (model == "softsign")
    axes = ("replica", "activation_step", "layer")
    cell = cell.assign_coords(activation_step=at, output_step=at).assign(
        {name: (axes, values) for name, values in noisy.items()}
    )
    shares = _piles(piled, seeds, len(at), depth + 1)
    speeds = np.ones(len(at))
    if model in ("tanh", "tanh_n"):
        cell = with_gradients(cell, model, true, seeds, steps)
    return cell.assign(
        activation_histogram=((*axes, "activation_bin"), shares),
        output_bias_speed=(("replica", "output_step"), _noisy(speeds, seeds)),
        output_signal_speed=(
            ("replica", "output_step"),
            _noisy(speeds / (0.05 if true else 5), seeds),
        ),
        image_signal_speed=(
            ("replica", "output_step"),
            _noisy(speeds / (9 if true else 0.1), seeds),
        ),
    )


def with_gradients(cell: xr.Dataset, model: str, true: bool, seeds: int, steps: int) -> xr.Dataset:
    """Spreads of neighbouring layers drift apart by 0.6, with the standard init where true."""
    at = STEPS[steps >= STEPS]
    drifts = ("_n" in model) != true
    factor = np.where((at[:, None] > 1000) & drifts, 0.6, 0.99)
    spreads = _with_output(_noisy(1e-3 * factor ** np.arange(5), seeds))
    return cell.assign_coords(signal_step=at).assign(
        weight_gradient_std=(("replica", "signal_step", "layer"), spreads)
    )


def _noisy(values: np.ndarray, seeds: int) -> np.ndarray:
    """(seed, *values.shape): each a little different, by a factor."""
    random = np.random.default_rng(values.size)
    return values * np.exp(0.003 * random.standard_normal((seeds, *values.shape)))


def _with_output(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values[..., :1] * 9], axis=-1)


def _at_start(axis: str, values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    return ("replica", axis, "layer"), values[:, None].astype(np.float32)


def _histogram(kind: str, spreads: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Shares of a Laplace distribution of these spreads, (seed, step, layer)."""
    edges = activation_edges() if kind == "activation" else gradient_edges()
    scale = spreads[..., None] / np.sqrt(2)
    below = np.where(
        edges < 0, np.exp(-abs(edges) / scale) / 2, 1 - np.exp(-abs(edges) / scale) / 2
    )
    axis = "activation_step" if kind == "activation" else "signal_step"
    return ("replica", axis, "layer", f"{kind}_bin"), np.diff(below, axis=-1).astype(np.float32)


def _piles(piled: bool, seeds: int, steps: int, layers: int) -> np.ndarray:
    """Shares at the ends of [-1, 1], or at 0.6-0.8 in modulus; a tenth is spread evenly."""
    centres = np.abs((activation_edges()[1:] + activation_edges()[:-1]) / 2)
    inside = centres > 0.95 if piled else (centres > 0.6) & (centres < 0.8)
    shares = 0.1 / len(centres) + 0.9 * inside / inside.sum()
    shares = _noisy(np.broadcast_to(shares, (steps, layers, len(centres))), seeds)
    return shares / shares.sum(axis=-1, keepdims=True)


def _cell(study: str, model: str, dataset: str, seeds: int, steps: int) -> xr.Dataset:
    activation, init, depth = MODELS[model]
    experiment = Experiment(
        dataset=Dataset(dataset, 127.5, 1.0),
        hidden=[1000] * depth,
        activation=activation,
        init=init,
        cost="nll",
        steps=steps,
    )
    coords = {"seed": ("replica", np.arange(seeds)), "learning_rate": ("replica", np.ones(seeds))}
    for kind, edges in (("activation", activation_edges()), ("gradient", gradient_edges())):
        coords[f"{kind}_bin"] = (edges[1:] + edges[:-1]) / 2
        coords[f"{kind}_bin_width"] = (f"{kind}_bin", np.diff(edges))
    return xr.Dataset(
        {"diverged_at": ("replica", np.full(seeds, -1))},
        coords | {"layer": np.arange(1, depth + 2)},
        {
            "study": study,
            "scale": "quick",
            "label": f"dataset={dataset}, model={model}",
            "axes": {"dataset": dataset, "model": model},
            "config": plain(experiment),
            "position": 0,
            "data": {"name": dataset, "hash": "synthetic"},
        },
    )
