"""Synthetic records of the theory studies: `TRUE` obeys every sentence, `FALSE` breaks each."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import xarray as xr

from claims.nielsen_records import empty_cell
from depthgauge.config import Bounds, Experiment, Precision


@dataclass(frozen=True)
class World:
    """What is true of chains and networks, before noise."""

    gap: float
    """Relative error of what should be identities."""
    slope: float
    """Largest slope of a neuron, as a part of 1/4."""
    weight: float
    """Spread of a chain's weights."""
    steep: float
    """By how much |w| must exceed 4, and intervals the width of equation 123, in parts."""
    tightness: float
    """Largest gradient as a part of its bound."""
    bound_fall: float
    """Factor a layer of the bound, toward the input."""
    fall: float
    """Factor a layer of the gradient over that of theory, mean field's or the bound's."""
    accuracy: dict[str, tuple[float, float]]
    """Percent after training, by model, with 2 and with 4 hidden layers."""
    inserted: float
    """Percentage points that identity layers change."""
    identity: float
    """Their error as a part of the predicted one, w^2/96."""
    tanh: float
    """Last over first initial speed of tanh nets; 100 in sigmoid ones."""


TRUE = World(
    gap=1e-16,
    slope=1.0,
    weight=1.0,
    steep=0.0,
    tightness=0.6,
    bound_fall=2.0,
    fall=1.0,
    accuracy={"plain": (96.0, 94.0), "frozen": (40.0, 30.0), "tanh": (95.0, 93.0)},
    inserted=0.01,
    identity=0.999,
    tanh=3.0,
)

FALSE = World(
    gap=1e-3,
    slope=1.1,
    weight=100.0,
    steep=0.2,
    tightness=1.2,
    bound_fall=0.5,
    fall=5.0,
    accuracy={"plain": (90.0, 97.0), "frozen": (92.0, 91.0), "tanh": (96.0, 98.0)},
    inserted=-3.0,
    identity=1.5,
    tanh=300.0,
)

EXPLAINED = 2.36
"""How many times as fast as their bound gradients fall a layer where theory is true."""

NETS = ([200] * 10, [100] * 30)


def records(world: World, seeds: int = 40) -> dict[str, list[xr.Dataset]]:
    """Return all studies of theory, and Nielsen's initial speeds with mean field's ratios."""
    return {
        "nielsen_chain": [chain_cell(world, depth, seeds) for depth in (4, 10, 30)],
        "bounds": [
            bounds_cell(world, cost, depth, seeds)
            for depth in (2, 3, 4)
            for cost in ("quadratic", "cross_entropy")
        ],
        "bounds_tanh": [tanh_bounds_cell(world, seeds)],
        "mean_field": [
            field_cell(world, activation, init, hidden, seeds)
            for activation in ("sigmoid", "tanh", "softsign", "relu")
            for init in INITS
            for hidden in NETS
        ],
        "nielsen_capacity": [
            capacity_cell(world, model, depth, seeds)
            for model in world.accuracy
            for depth in (2, 4)
        ],
        "nielsen_initial_speed": [speed_cell(world, depth, seeds) for depth in (2, 3, 4)],
    }


INITS = {
    "nielsen_default": (1.0, 1.0),
    "nielsen_large": (None, 1.0),
    "glorot_standard": (1 / 3, 0.0),
    "glorot_normalized": (1.0, 0.0),
}
"""n Var w between hidden layers (None: their width) and Var b."""


def chain_cell(world: World, depth: int, seeds: int) -> xr.Dataset:
    """Weights and signals at random; slopes and products written out."""
    weights, z = world.weight * _normal(1, seeds, depth), 0.5 * _normal(2, seeds, depth)
    slope = world.slope / (2 + np.exp(z) + np.exp(-z))
    slope[:, 0] = world.slope / 4
    factors = weights * slope
    gradient = np.stack(
        [slope[:, n] * factors[:, n + 1 :].prod(axis=1) for n in range(depth)], axis=1
    )
    exploding = np.repeat([25 * world.slope * 25.0 ** np.arange(depth)[::-1]], seeds, axis=0)
    grid = np.arange(60, 241) / 20
    steep = np.maximum(grid / (1 + world.steep), 4)
    width = 2 / steep * np.log(steep * (1 + np.sqrt(1 - 4 / steep)) / 2 - 1)
    by_layer, by_weight = ("replica", "layer"), ("replica", "steep_weight")
    settings = Experiment(procedure="chain", hidden=[1] * (depth - 1))
    cell = _cell("nielsen_chain", settings, seeds)
    return cell.assign_coords(layer=range(1, depth + 1), steep_weight=grid).assign(
        chain_weight=(by_layer, weights),
        chain_pre_activation=(by_layer, z),
        chain_factor=(by_layer, factors),
        chain_bias_gradient=(by_layer, gradient),
        chain_derivative=("replica", gradient[:, 0] * (1 + world.gap)),
        exploding_factor=(by_layer, np.full((seeds, depth), 25 * world.slope)),
        exploding_bias_gradient=(by_layer, exploding ** (1 + 0.01 * (world.slope != 1))),
        steep_width=(by_weight, np.repeat([width * (1 + world.steep)], seeds, axis=0)),
        steepest_factor=(by_weight, np.repeat([grid / 4 / (1 + world.steep)], seeds, axis=0)),
    )


def bounds_cell(world: World, cost: str, depth: int, seeds: int) -> xr.Dataset:
    """Bounds and gradients that fall by fixed factors a layer, at four steps."""
    settings = Experiment(
        hidden=[30] * depth,
        cost=cost,
        steps=150_000,
        precision=Precision.float64,
        bounds=Bounds(every=8, images=100, identities=2),
    )
    layers = np.arange(1, depth + 2)
    noise = np.exp(0.01 * _normal(depth, seeds, 4, 1))
    bound = noise * world.bound_fall ** (layers - depth)
    part = world.tightness * (EXPLAINED * world.fall) ** (layers - depth - 1.0)
    full = np.broadcast_to(part, bound.shape) * np.minimum(noise, 1)
    axes = ("replica", "bound_step", "layer")
    return (
        _cell("bounds", settings, seeds)
        .assign_coords(bound_step=[0, 1, 10, 100], layer=layers)
        .assign(
            bound=(axes, bound),
            bound_tightness=(axes, full),
            example_bound_tightness=(axes, full),
            spectral_norm=(axes, np.full_like(full, 2.0)),
            identity_gap=(axes, np.full_like(full, world.gap)),
        )
    )


def tanh_bounds_cell(world: World, seeds: int) -> xr.Dataset:
    """Four layers of tanh: a bound that grows toward the input as the sigmoid's falls."""
    grows = replace(world, bound_fall=1 / world.bound_fall, fall=2 * world.bound_fall / EXPLAINED)
    cell = bounds_cell(
        grows if world.fall == 1 else replace(world, bound_fall=2.0, fall=0.1), "nll", 4, seeds
    )
    config = {**cell.attrs["config"], "activation": "tanh"}
    return cell.assign_attrs(study="bounds_tanh", config=config)


def field_cell(
    world: World, activation: str, init: str, hidden: list[int], seeds: int
) -> xr.Dataset:
    """Gradients that fall as the maps say, both maps integrated by brute force here."""
    experiment = Experiment(hidden=hidden, activation=activation, init=init)
    drift = np.cumsum(0.02 * _normal(5, seeds, len(hidden) + 1), axis=1)[:, ::-1]
    tilt = world.fall ** np.arange(-len(hidden), 1)
    profile = np.array([*_profile(activation, init, tuple(hidden), 0.1), 1.0])
    norms = (profile * np.exp(drift) * tilt)[:, None]
    axes = ("replica", "gradient_step", "layer")
    return (
        _cell("mean_field", experiment, seeds)
        .assign_coords(gradient_step=[0], layer=np.arange(1, len(hidden) + 2))
        .assign(delta_rms=(axes, norms), input_square=(axes, np.full_like(norms, 0.1)))
    )


FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "relu": lambda z: np.maximum(z, 0),
}


@cache
def _profile(activation: str, init: str, hidden: tuple[int, ...], images: float) -> list[float]:
    """|delta^l| over that of the last hidden layer, on a grid of 8,001 points of the normal."""
    f, z = FUNCTIONS[activation], np.linspace(-9, 9, 8001)
    weights = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    inner, bias = INITS[init]
    first = {"nielsen_large": 784, "glorot_normalized": 2 * 784 / (784 + hidden[0])}
    q = first.get(init, inner) * images + bias
    chis = []
    for n_in, _ in pairwise(hidden):
        spread = n_in if inner is None else inner
        u = np.sqrt(q) * z
        slope = np.gradient(f(u), u)
        chis.append(spread * (weights * slope**2).sum())
        q = spread * (weights * f(u) ** 2).sum() + bias
    return [float(np.sqrt(np.prod(chis[layer:]))) for layer in range(len(hidden))]


def capacity_cell(world: World, model: str, depth: int, seeds: int) -> xr.Dataset:
    """Accuracies around the world's, at rest since 4/5 of the published steps."""
    experiment = Experiment(
        procedure="capacity",
        hidden=[30] * depth,
        activation="tanh" if model == "tanh" else "sigmoid",
        steps=150_000,
    )
    level = world.accuracy[model][depth // 4] + 0.1 * _normal(depth, seeds)
    curve = np.stack([np.full(seeds, 10.0), level, level], axis=1) / 100
    ratio = world.tanh if model == "tanh" else 100.0
    speeds = np.array([1 / ratio, *[1.0] * (depth - 1), 2.0]) * np.exp(0.1 * _normal(6, seeds, 1))
    weights = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 4.0])
    cell = _cell("nielsen_capacity", experiment, seeds, model=model)
    cell = cell.assign_coords(
        evaluation_step=[0, 120_000, 150_000],
        gradient_step=[0],
        layer=np.arange(1, depth + 2),
        identity_weight=weights,
    ).assign(
        accuracy_validation=(("replica", "evaluation_step"), curve),
        bias_gradient_norm=(("replica", "gradient_step", "layer"), speeds[:, None]),
    )
    if model == "tanh":
        return cell
    inserted = (level[:, None] + world.inserted * weights / 0.1 * _one_at(weights)) / 100
    y = weights / 4
    error = world.identity * 0.5 * (1 - np.tanh(y) / y)
    by_weight = ("replica", "identity_weight")
    return cell.assign(
        identity_accuracy=(by_weight, inserted),
        identity_error=(by_weight, np.repeat([error], seeds, axis=0)),
    )


def _one_at(weights: np.ndarray) -> np.ndarray:
    return (weights == 0.1).astype(float)


def speed_cell(world: World, depth: int, seeds: int) -> xr.Dataset:
    """Nielsen's initial speeds, falling by 4.88 a layer where theory is true."""
    layers = np.arange(1, depth + 2)
    factor = 4.88 * world.fall
    speeds = factor ** (layers - depth) * np.exp(0.05 * _normal(depth, seeds, depth + 1))
    axes = ("replica", "gradient_step", "layer")
    return (
        _cell("nielsen_initial_speed", Experiment(hidden=[30] * depth), seeds)
        .assign_coords(gradient_step=[0], layer=layers)
        .assign(bias_gradient_norm=(axes, speeds[:, None]))
    )


def _cell(study: str, experiment: Experiment, seeds: int, **axes: object) -> xr.Dataset:
    """Return an empty record that varies `axes` besides its widths."""
    cell = empty_cell(study, experiment, seeds)
    return cell.assign_attrs(
        axes={**cell.attrs["axes"], **axes},
        label=", ".join([cell.attrs["label"], *(f"{key}={axes[key]}" for key in axes)]),
    )


def _normal(stream: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(stream).standard_normal(shape)
