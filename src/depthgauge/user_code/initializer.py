"""An initialization of a user's own: (generator, n_in, n_out) -> weights and biases."""

from collections.abc import Callable
from functools import cache

import numpy as np

from depthgauge.user_code.lookup import UserFunction, find

Drawn = tuple[np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator, int, int], Drawn]


@cache
def user_initializer(path: str) -> Draw:
    """Import the initialization at `path` and try it on a layer of 5 inputs and 3 units.

    Raises ConfigError, with file and line, for one that is not found, raises, returns other arrays
    than weights (n_out, n_in) and biases (n_out,), or draws otherwise than by the generator.
    """
    found = find("init", path)

    def draw(random: np.random.Generator, n_in: int, n_out: int) -> Drawn:
        with found.reported(f"for {n_in} inputs and {n_out} units"):
            return _checked(found, found.value(random, n_in, n_out), n_in, n_out)

    one, two = (draw(np.random.default_rng(0), 5, 3) for _ in range(2))
    if not all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)):
        raise found.wrong(
            "draws other numbers from the same generator; draw from the generator that it is given"
        )
    return draw


def measured_variances(path: str, widths: np.ndarray) -> tuple[np.ndarray, float]:
    """Return Var w^l of layers 1..L and Var b, as means over a hundred thousand draws of each."""
    draw, random = user_initializer(path), np.random.default_rng(0)
    weights, biases = [], []
    for n_in, n_out in zip(widths[:-1].astype(int), widths[1:].astype(int), strict=True):
        repeats = max(1, 100_000 // (n_in * n_out))
        drawn = [draw(random, n_in, n_out) for _ in range(repeats)]
        weights.append(np.mean([np.mean(w**2) for w, _ in drawn]))
        biases += [b for _, b in drawn]
    return np.array(weights), float(np.mean(np.concatenate(biases) ** 2))


def _checked(found: UserFunction, drawn: object, n_in: int, n_out: int) -> Drawn:
    wanted = (n_out, n_in), (n_out,)
    parts = drawn if isinstance(drawn, tuple | list) else ()
    arrays = tuple(np.asarray(each) for each in parts)
    if tuple(each.shape for each in arrays) != wanted:
        shapes = " and ".join(str(each.shape) for each in arrays) or type(drawn).__name__
        raise found.wrong(
            f"returns {shapes} for {n_in} inputs and {n_out} units; return two arrays, weights"
            f" {wanted[0]} and biases {wanted[1]}"
        )
    if not all(each.dtype.kind in "iuf" and np.isfinite(each).all() for each in arrays):
        raise found.wrong("returns what is not a finite number; correct it")
    weights, biases = (each.astype(np.float64) for each in arrays)
    return weights, biases
