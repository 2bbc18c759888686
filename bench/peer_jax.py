"""Replicas in JAX: `vmap` over the nets, `scan` over the steps, one jitted call a chunk.

The gradient is JAX's own, or with --by-hand written from equations BP1 to BP4. Not a requirement
of this project: pip install -e '.[bench]'.
"""

import time
from functools import partial
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np
from clock import arguments, report
from problems import PROBLEMS, Problem, examples

CHUNK = 100
"""Steps a call: as many as ours."""
Parameters = list[tuple[jax.Array, jax.Array]]


def initial(problem: Problem, seeds: int) -> Parameters:
    """Return w (R, n_in, n_out) ~ N(0, 1/n_in) and b (R, n_out) ~ N(0, 1) of every layer."""
    drawn = np.random.default_rng(0)
    pairs = zip(problem.widths, problem.widths[1:], strict=False)
    return [
        (
            jnp.asarray(drawn.standard_normal((seeds, *pair)) / np.sqrt(pair[0]), jnp.float32),
            jnp.asarray(drawn.standard_normal((seeds, pair[1])), jnp.float32),
        )
        for pair in pairs
    ]


def forward(problem: Problem, parameters: Parameters, x: jax.Array) -> list[jax.Array]:
    """Return x, the hidden activations and z^L of one net for examples x (example, feature)."""
    function = jax.nn.sigmoid if problem.activation == "sigmoid" else jnp.tanh
    values = [x]
    for w, b in parameters[:-1]:
        values.append(function(values[-1] @ w + b))
    w, b = parameters[-1]
    return [*values, values[-1] @ w + b]


def cost(problem: Problem, parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
    """Return the mean cost of the examples x with one-hot targets y."""
    z = forward(problem, parameters, x)[-1]
    if problem.cost == "nll":
        return -(jax.nn.log_softmax(z) * y).sum(axis=1).mean()
    return (jax.nn.softplus(z) - y * z).sum(axis=1).mean()


def by_hand(problem: Problem, parameters: Parameters, x: jax.Array, y: jax.Array) -> Parameters:
    """Return the gradient of `cost`, by back-propagation."""
    *values, z = forward(problem, parameters, x)
    output = jax.nn.softmax(z) if problem.cost == "nll" else jax.nn.sigmoid(z)
    delta, found = (output - y) / len(x), []
    for (w, _), a in zip(reversed(parameters), reversed(values), strict=True):
        found.insert(0, (a.T @ delta, delta.sum(axis=0)))
        slope = a * (1 - a) if problem.activation == "sigmoid" else 1 - a * a
        delta = (delta @ w.T) * slope
    return found


def chunk(
    problem: Problem, hand: bool, images: jax.Array, labels: jax.Array, nets: Any, order: jax.Array
) -> Any:
    """Do the steps of `order` (step, R, example) on every net."""
    shrink = 1 - problem.rate * problem.l2 / len(images)
    gradient = partial(by_hand, problem) if hand else jax.grad(partial(cost, problem))

    def one(parameters: Parameters, rows: jax.Array) -> Parameters:
        x = images[rows].astype(jnp.float32) / 256
        found = gradient(parameters, x, jax.nn.one_hot(labels[rows], problem.widths[-1]))
        return [
            (shrink * w - problem.rate * of_w, b - problem.rate * of_b)
            for (w, b), (of_w, of_b) in zip(parameters, found, strict=True)
        ]

    return jax.lax.scan(lambda nets, rows: (jax.vmap(one)(nets, rows), None), nets, order)[0]


def train(problem: Problem, go: Any, nets: Any, count: int, seeds: int, steps: int) -> float:
    """Train the nets for some steps, in whole chunks; return the seconds of `steps` of them."""
    random = np.random.default_rng(1)
    shape = (CHUNK, seeds, problem.batch)
    orders = [random.integers(0, count, shape) for _ in range(-(-steps // CHUNK))]
    start = time.perf_counter()
    for order in orders:
        nets = go(nets, order)
    jax.block_until_ready(nets)
    return (time.perf_counter() - start) * steps / (len(orders) * CHUNK)


def main() -> None:
    """Print the speed of a block of seeds."""
    parser = arguments()
    parser.add_argument("--seeds", type=int, default=64, help="networks trained together")
    parser.add_argument("--by-hand", action="store_true", help="back-propagation written out")
    options = parser.parse_args()
    problem = PROBLEMS[options.problem]
    images, labels = map(jnp.asarray, examples())
    go = jax.jit(partial(chunk, problem, options.by_hand, images, labels))
    nets = initial(problem, options.seeds)
    run = partial(train, problem, go, nets, len(images), options.seeds)
    report(options, run, options.seeds)


if __name__ == "__main__":
    main()
