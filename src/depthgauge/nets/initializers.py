"""Initial weights and biases under their sources' names.

Every layer of every seed has a stream of random numbers of its own, always drawn on the CPU and in
float64: a seed means the same layer in every cell, on every device and at any number of replicas.
"""

from collections.abc import Callable

import numpy as np

from depthgauge.errors import ConfigError
from depthgauge.user_code.initializer import user_initializer
from depthgauge.user_code.lookup import is_path

Draw = Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]]
"""(generator, n_in, n_out) -> weights (n_out, n_in), biases (n_out,), float64."""

INIT_STREAM = 0
"""First word of the spawn key of every initial draw; the order of examples has another."""

DRAWN_GAIN = 1.25
"""n Var W of the middle layers that Figs. 6, 7 and 10 of Glorot and Bengio call normalized.

Read off the figures: their first and last layers agree with eq. 1, those between with this, and
eq. 16 in all layers is off by factors up to 2.6.
"""


def _nielsen_default(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """W ~ N(0, 1/n_in), b ~ N(0, 1): what the runs of Nielsen's chapter 5 use."""
    return random.standard_normal((n_out, n_in)) / np.sqrt(n_in), random.standard_normal(n_out)


def _nielsen_large(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """W ~ N(0, 1), b ~ N(0, 1): what the argument of Nielsen's chapter 5 assumes."""
    return random.standard_normal((n_out, n_in)), random.standard_normal(n_out)


def _glorot_standard(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """W ~ U[-1/sqrt(n_in), 1/sqrt(n_in)], b = 0 (Glorot & Bengio, eq. 1)."""
    limit = 1 / np.sqrt(n_in)
    return random.uniform(-limit, limit, (n_out, n_in)), np.zeros(n_out)


def _glorot_normalized(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """W ~ U[-l, l] with l = sqrt(6 / (n_in + n_out)), b = 0 (Glorot & Bengio, eq. 16)."""
    limit = np.sqrt(6 / (n_in + n_out))
    return random.uniform(-limit, limit, (n_out, n_in)), np.zeros(n_out)


def _glorot_drawn(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """Eq. 16 with its variance raised by DRAWN_GAIN: the middle layers of `glorot_drawn`."""
    weights, biases = _glorot_normalized(random, n_in, n_out)
    return weights * np.sqrt(DRAWN_GAIN), biases


def _he(random: np.random.Generator, n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    """W ~ N(0, 2/n_in), b = 0: keeps E z^2 through ReLU layers (He et al., ICCV 2015, eq. 10)."""
    return random.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in), np.zeros(n_out)


def _orthogonal(
    random: np.random.Generator, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """W uniform among matrices with orthonormal rows or columns, b = 0 (Saxe et al., ICLR 2014).

    The signs of R's diagonal make Q of a normal matrix uniform (Mezzadri, Notices AMS 54, 2007).
    """
    normal = random.standard_normal((max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))
    return (q if n_out >= n_in else q.T), np.zeros(n_out)


INITIALIZERS: dict[str, Draw] = {
    "nielsen_default": _nielsen_default,
    "nielsen_large": _nielsen_large,
    "glorot_standard": _glorot_standard,
    "glorot_normalized": _glorot_normalized,
    "glorot_drawn": _glorot_drawn,
    "he": _he,
    "orthogonal": _orthogonal,
}

FIRST_AND_LAST = {"glorot_drawn": "glorot_standard"}
"""Initialization -> the one that its first and its last layer have instead."""


def initializer(name: str) -> Draw:
    """Look an initializer up by name or import path; ConfigError for one that is not there."""
    if is_path(name):
        return user_initializer(name)
    if name not in INITIALIZERS:
        raise ConfigError(f"init={name} is unknown; choose one of {', '.join(INITIALIZERS)}")
    return INITIALIZERS[name]


def initial_layer(
    name: str, seed: int, layer: int, n_in: int, n_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (n_out, n_in) and biases (n_out,) of layer 1, 2, ... of one seed."""
    stream = np.random.SeedSequence(entropy=seed, spawn_key=(INIT_STREAM, layer))
    return initializer(name)(np.random.Generator(np.random.Philox(stream)), n_in, n_out)


def of_layer(name: str, layer: int, layers: int) -> str:
    """Return the name of the init that layer 1..`layers` is drawn by."""
    return FIRST_AND_LAST.get(name, name) if layer in (1, layers) else name
