"""Synthetic records of Nielsen's studies: networks that behave as wished.

A world is a few numbers; records are drawn around them with a fixed seed. `PUBLISHED` is a world in
which every sentence of the chapter is true, `CONTRARY` one in which none is.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from depthgauge.config import Dataset, Experiment, Gradients, plain


@dataclass(frozen=True)
class World:
    """What is true of the networks, before noise."""

    accuracy: dict[int, float]
    """Percent after epoch 30, by depth."""
    spread: float
    """Standard deviation of that over seeds, percentage points."""
    norms: dict[int, tuple[float, ...]]
    """Initial speeds of the hidden layers, by depth."""
    dip: float
    """What is left of the speeds at the low point of the training."""
    end: float
    """What they are at the end, in parts of the initial ones."""
    train_accuracy: float
    """Percent on the training images after the 500 steps."""
    noise: float
    """Spread of the log speed from mini-batch to mini-batch."""
    offset: float
    """Averaged mini-batch speed over full-batch speed."""


PUBLISHED = World(
    accuracy={1: 96.48, 2: 96.90, 3: 96.57, 4: 96.40},
    spread=0.1,
    norms={
        2: (0.0657, 0.3092),
        3: (0.0118, 0.0600, 0.2831),
        4: (0.00298, 0.0171, 0.0695, 0.2851),
    },
    dip=0.01,
    end=0.1,
    train_accuracy=11.5,
    noise=0.5,
    offset=1.2,
)

CONTRARY = World(
    accuracy={1: 94.0, 2: 93.0, 3: 97.5, 4: 98.0},
    spread=0.005,
    norms={2: (0.9, 0.1), 3: (0.9, 0.3, 0.1), 4: (0.9, 0.5, 0.3, 0.1)},
    dip=0.9,
    end=1.0,
    train_accuracy=80.0,
    noise=0.0,
    offset=5.0,
)

STEPS = np.arange(501)
"""Recorded steps of the 500-step runs."""


def records(world: World, seeds: int = 40) -> dict[str, list[xr.Dataset]]:
    """Return all four studies as the protocol has them."""
    depths = sorted(world.norms)
    return {
        "nielsen_accuracy": [accuracy_cell(world, depth, seeds) for depth in world.accuracy],
        "nielsen_initial_speed": [initial_cell(world, depth, seeds) for depth in depths],
        "nielsen_neuron_bars": [bars_cell(world, seeds)],
        "nielsen_training_speed": [
            training_cell(world, depth, batch_size, seeds)
            for depth in depths
            for batch_size in (1000, 10)
        ],
    }


def accuracy_cell(
    world: World, depth: int, seeds: int, steps: int = 150_000, still: float = 0.0
) -> xr.Dataset:
    """Accuracies, of twelve evaluations, that rise by `still` of the last error after 4/5."""
    last = (world.accuracy[depth] + _normal(depth, seeds) * world.spread) / 100
    before = 1 - (1 - last) * (1 + still)
    curve = np.stack([np.full(seeds, 0.1), *[before] * 6, *[last] * 5], axis=1)
    at = [0, *(steps * part // 25 for part in range(15, 26))]
    cell = empty_cell("nielsen_accuracy", Experiment(hidden=[30] * depth, steps=steps), seeds)
    return cell.assign_coords(evaluation_step=at).assign(
        accuracy_validation=(("replica", "evaluation_step"), curve)
    )


def initial_cell(world: World, depth: int, seeds: int) -> xr.Dataset:
    """Initial speeds: log-normal around the world's, layers of a net strongly alike."""
    cell = empty_cell(
        "nielsen_initial_speed", Experiment(hidden=[30] * depth, train_size=1000), seeds
    )
    return _with_speeds(cell, _initial(world, depth, seeds)[:, None], [0])


def bars_cell(world: World, seeds: int) -> xr.Dataset:
    """Thirty neurons a layer, each gradient normal with the spread that gives the world's norms."""
    cell = empty_cell("nielsen_neuron_bars", Experiment(hidden=[30, 30]), seeds)
    size = np.array([*world.norms[2], 1.0])[:, None] / np.sqrt(30)
    gradient = (size * _normal(8, seeds, 3, 30))[:, None]
    return cell.assign_coords(layer=[1, 2, 3], gradient_step=[0]).assign(
        bias_gradient=(("replica", "gradient_step", "layer", "unit"), gradient)
    )


def training_cell(
    world: World, depth: int, batch_size: int, seeds: int, steps: int = 500
) -> xr.Dataset:
    """Speeds over the steps: down to `dip` at step 30, up to `end`; all layers alike."""
    settings = Experiment(
        hidden=[30] * depth,
        batch_size=batch_size,
        steps=steps,
        train_size=1000,
        gradients=Gradients(every=1, images=1000, batch=True, window=50),
    )
    cell = empty_cell("nielsen_training_speed", settings, seeds)
    shape = np.exp(np.interp(STEPS, [0, 30, 500], np.log([1, world.dip, world.end])))
    speeds = _initial(world, depth, seeds)[:, None] * shape[: steps + 1, None]
    cell = _with_speeds(cell, speeds, STEPS[: steps + 1])
    mini = batch_size == 10
    own = speeds * np.exp(_normal(9, *speeds.shape) * (world.noise if mini else 0))
    averaged = speeds * (world.offset if mini else 1)
    own[:, -1], averaged[:, -1], averaged[:, :49] = np.nan, np.nan, np.nan
    return cell.assign_coords(evaluation_step=[0, steps], bound_step=STEPS[:steps:100]).assign(
        batch_bias_gradient_norm=_with_output(own),
        window_bias_gradient_norm=_with_output(averaged),
        bound=(("replica", "bound_step", "layer"), 9 * _with_output(speeds[:, :steps:100])[1]),
        accuracy_train=(
            ("replica", "evaluation_step"),
            np.repeat([[0.1, world.train_accuracy / 100]], seeds, axis=0),
        ),
    )


def _initial(world: World, depth: int, seeds: int) -> np.ndarray:
    """(seed, hidden layer): a common factor of each net and a smaller one of each layer."""
    factor = 0.1 * _normal(depth, seeds, 1) + 0.05 * _normal(10 + depth, seeds, depth)
    return np.array(world.norms[depth]) * np.exp(factor)


def _with_speeds(cell: xr.Dataset, speeds: np.ndarray, steps: object) -> xr.Dataset:
    """Add speeds, (seed, step, hidden layer), and an output layer twice as fast as the first."""
    layers = np.arange(1, speeds.shape[-1] + 2)
    return cell.assign_coords(gradient_step=np.asarray(steps), layer=layers).assign(
        bias_gradient_norm=_with_output(speeds)
    )


def _with_output(speeds: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    output = 2 * speeds[..., :1]
    axes = ("replica", "gradient_step", "layer")
    return axes, np.concatenate([speeds, output], axis=-1).astype(np.float32)


def empty_cell(study: str, experiment: Experiment, seeds: int) -> xr.Dataset:
    """Return a record of a study on MNIST, quick, with nothing measured yet."""
    experiment = replace(experiment, dataset=Dataset("mnist"))
    config = plain(experiment)
    axes = {"hidden": config["hidden"], "batch_size": config["batch_size"]}
    return xr.Dataset(
        {"diverged_at": ("replica", np.full(seeds, -1))},
        {
            "seed": ("replica", np.arange(seeds)),
            "learning_rate": ("replica", np.full(seeds, 0.1)),
        },
        {
            "study": study,
            "scale": "quick",
            "label": ", ".join(f"{key}={value}" for key, value in axes.items()),
            "axes": axes,
            "config": config,
            "position": 0,
            "data": {"name": "mnist", "hash": "synthetic"},
        },
    )


def _normal(stream: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(stream).standard_normal(shape)
