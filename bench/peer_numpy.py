"""Back-propagation in numpy, one example at a time, as the book's program does it.

Only for sigmoid nets with the cross-entropy cost. Written from equations BP1 to BP4.
"""

import random
import time
from functools import partial

import numpy as np
from clock import arguments, report
from problems import PROBLEMS, Problem, examples

Layers = list[np.ndarray]


def initial(problem: Problem) -> tuple[Layers, Layers]:
    """Return weights (n_out, n_in) ~ N(0, 1/n_in) and biases (n_out, 1) ~ N(0, 1)."""
    drawn = np.random.default_rng(0)
    shapes = list(zip(problem.widths[1:], problem.widths, strict=False))
    weights = [drawn.standard_normal(shape) / np.sqrt(shape[1]) for shape in shapes]
    return weights, [drawn.standard_normal((shape[0], 1)) for shape in shapes]


def gradient(
    weights: Layers, biases: Layers, x: np.ndarray, y: np.ndarray
) -> tuple[Layers, Layers]:
    """Return dC/dw and dC/db of every layer for one example: x (n_in, 1), one-hot y (10, 1)."""
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(1 / (1 + np.exp(-(w @ activations[-1] + b))))
    delta = activations[-1] - y  # BP1 for the cross-entropy: the output's sigma' cancels
    deltas = [delta]
    for w, a in zip(reversed(weights[1:]), reversed(activations[1:-1]), strict=True):
        delta = (w.T @ delta) * a * (1 - a)  # BP2
        deltas.insert(0, delta)
    # BP4 and BP3; np.dot, since `@` takes four times as long for a column times a row
    return [np.dot(d, a.T) for d, a in zip(deltas, activations, strict=False)], deltas


def step(problem: Problem, weights: Layers, biases: Layers, batch: list, count: int) -> None:
    """Change the net in place by the mean gradient of a mini-batch and the L2 decay."""
    sums_w, sums_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
    for x, y in batch:
        of_weights, of_biases = gradient(weights, biases, x, y)
        for total, part in zip(sums_w + sums_b, of_weights + of_biases, strict=True):
            total += part
    rate = problem.rate / len(batch)
    for w, b, of_w, of_b in zip(weights, biases, sums_w, sums_b, strict=True):
        w *= 1 - problem.rate * problem.l2 / count
        w -= rate * of_w
        b -= rate * of_b


def train(problem: Problem, weights: Layers, biases: Layers, data: list, steps: int) -> float:
    """Train the net for some steps; return their seconds."""
    start = time.perf_counter()
    done = 0
    while done < steps:
        random.shuffle(data)
        for first in range(0, len(data), problem.batch)[: steps - done]:
            step(problem, weights, biases, data[first : first + problem.batch], len(data))
            done += 1
    return time.perf_counter() - start


def pairs(images: np.ndarray, labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return every example as columns: input (784, 1), one-hot target (10, 1)."""
    x, y = images[:, :, None] / 256, np.eye(10)[labels][:, :, None]
    return list(zip(x, y, strict=True))


def main() -> None:
    """Print the speed of Nielsen's net."""
    options = arguments().parse_args()
    problem = PROBLEMS[options.problem]
    report(options, partial(train, problem, *initial(problem), pairs(*examples())))


if __name__ == "__main__":
    main()
