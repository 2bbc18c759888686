"""What is trained: the same two problems for ours and every peer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
EXAMPLES = 50_000


@dataclass(frozen=True)
class Problem:
    """A dense net, its cost and plain SGD on mini-batches."""

    widths: tuple[int, ...]
    activation: str
    cost: str
    """cross_entropy: sigmoid outputs, binary cross-entropy summed over them; nll: softmax."""
    rate: float
    l2: float
    """Nielsen's lambda: each step multiplies the weights by 1 - rate * lambda / examples."""
    batch: int = 10


PROBLEMS = {
    # Nielsen, ch. 5: the runs with two hidden layers
    "nielsen": Problem((784, 30, 30, 10), "sigmoid", "cross_entropy", rate=0.1, l2=5.0),
    # Glorot & Bengio, section 2.3: five hidden layers of 1,000 units on MNIST
    "glorot": Problem((784, *[1000] * 5, 10), "tanh", "nll", rate=0.01, l2=0.0),
    # the study glorot_error at quick scale: a tenth of the width
    "glorot100": Problem((784, *[100] * 5, 10), "tanh", "nll", rate=0.01, l2=0.0),
}


def examples() -> tuple[np.ndarray, np.ndarray]:
    """Return 50,000 images (n, 784) uint8 and labels (n,): MNIST where it is prepared.

    Elsewhere digits of noise around ten random images: the same shapes, and as learnable.
    """
    if (ROOT / "data" / "prepared" / "mnist.safetensors").is_file():
        from depthgauge.datasets.prepared import load

        train = load(ROOT, "mnist").train
        return train.images[:EXAMPLES], train.labels[:EXAMPLES]
    return synthetic(EXAMPLES)


def synthetic(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` noisy copies (n, 784) uint8 of ten random images, and which one each is.

    As many pixels are black as in MNIST: four of five.
    """
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, count, dtype=np.uint8)
    lit = random.random((10, 784)) < 0.19
    digits = random.integers(1, 200, (10, 784), dtype=np.uint8) * lit
    noise = random.integers(0, 56, (count, 784), dtype=np.uint8) * lit[labels]
    return digits[labels] + noise, labels
