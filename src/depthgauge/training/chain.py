"""The procedure of one-neuron chains: nets of width 1, drawn, multiplied out, never trained.

A seed is one chain with an input of its own. Source: Nielsen, ch. 5, equations 114-123.
"""

import numpy as np
import xarray as xr

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.initializers import initial_layer
from depthgauge.theory import (
    chain_bias_gradients,
    chain_derivatives,
    chain_factors,
    chain_pre_activations,
    exploding_chain,
)
from depthgauge.training.block import Block, Task
from depthgauge.training.steepness import measured_steepness

INPUT_STREAM = 2
"""Sets a chain's input apart from its weights (0) and from the order of examples (1)."""

STEEP_WEIGHTS = np.arange(60, 241) / 20
"""|w| from 3 to 12 in steps of 0.05, at which a neuron's steep interval is measured."""


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica: some hundreds a neuron and weight."""
    return 500.0 * (len(experiment.hidden) + 1 + len(STEEP_WEIGHTS))


def run(task: Task) -> xr.Dataset:
    """Draw the block's chains, last neuron the output; docs/records.md names what is recorded."""
    block = task.block
    weights, biases = _drawn(block)
    inputs = np.array([_input(seed) for seed in block.seeds])
    measured = {
        **_vanishing(weights, biases, inputs),
        **_exploding(weights.shape[1], inputs),
    }
    variables = {name: (("replica", "layer"), values) for name, values in measured.items()}
    widths, peaks = measured_steepness(STEEP_WEIGHTS, biases[:, :1])
    by_weight = ("replica", "steep_weight")
    derivative = chain_derivatives(weights, biases, inputs)
    return xr.Dataset(
        {
            **variables,
            "chain_derivative": ("replica", derivative),
            "steep_width": (by_weight, widths),
            "steepest_factor": (by_weight, peaks),
            "diverged_at": ("replica", np.full(len(block.seeds), -1)),
        },
        {
            "seed": ("replica", np.array(block.seeds)),
            "learning_rate": ("replica", np.array(block.rates)),
            "layer": np.arange(1, weights.shape[1] + 1),
            "steep_weight": STEEP_WEIGHTS,
        },
    )


def _vanishing(weights: np.ndarray, biases: np.ndarray, inputs: np.ndarray) -> dict:
    """Chains as drawn: z_j, w_j f'(z_j), and dC/db_l for dC/da_L = 1; (replica, layer) each."""
    z = chain_pre_activations(weights, biases, inputs)
    return {
        "chain_weight": weights,
        "chain_pre_activation": z,
        "chain_factor": chain_factors(weights, z),
        "chain_bias_gradient": chain_bias_gradients(weights, z, np.ones(len(inputs))),
    }


def _exploding(depth: int, inputs: np.ndarray) -> dict:
    """Weights of 100, biases such that every z_j is 0, for each chain's own input."""
    chains = [exploding_chain(depth, float(each)) for each in inputs]
    weights, biases = (np.stack(each) for each in zip(*chains, strict=True))
    z = chain_pre_activations(weights, biases, inputs)
    return {
        "exploding_factor": chain_factors(weights, z),
        "exploding_bias_gradient": chain_bias_gradients(weights, z, np.ones(len(inputs))),
    }


def _drawn(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and biases, (replica, layer) each."""
    layers = range(1, len(block.experiment.hidden) + 2)
    init = block.experiment.init
    pairs = [[initial_layer(init, seed, layer, 1, 1) for layer in layers] for seed in block.seeds]
    weights = np.array([[w.item() for w, _ in chain] for chain in pairs])
    return weights, np.array([[b.item() for _, b in chain] for chain in pairs])


def _input(seed: int) -> float:
    """Return a_0 ~ U(0, 1), the range of every other activation; the text leaves it open."""
    stream = np.random.SeedSequence(entropy=seed, spawn_key=(INPUT_STREAM,))
    return float(np.random.Generator(np.random.Philox(stream)).uniform())
