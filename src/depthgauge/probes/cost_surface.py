"""The cost of a small net as a surface over two of its weights, one in each layer.

Source: Glorot and Bengio, section 4.1 and Fig. 5: one hidden layer of tanh, "a random input and
target signal".
"""

import numpy as np
from jaxtyping import Float

Surface = Float[np.ndarray, "first second"]
"""Over w^1[0, 0] (rows) and w^2[0, 0] (columns)."""


def surface(
    cost: str,
    weights: tuple[Float[np.ndarray, "unit feature"], Float[np.ndarray, "class unit"]],
    x: Float[np.ndarray, "example feature"],
    y: Float[np.ndarray, "example class"],
    values: Float[np.ndarray, " point"],
) -> tuple[Surface, Surface]:
    """Return the mean cost over examples, and the norm of its gradient in the two weights.

    Both weights take all `values`; the others stay as they are, biases are 0. `cost` is nll or
    softmax_quadratic, both of softmax outputs; units: cost, and cost per unit of weight.
    """
    first, second = weights
    pre = x @ first.T
    # the two weights act through hidden unit 0 alone: one row a value of the first weight
    shift = (values - first[0, 0])[:, None] * x[:, 0]
    h = np.tanh(pre[:, 0] + shift)
    outputs = np.tanh(pre[:, 1:]) @ second[:, 1:].T + h[..., None] * second[:, 0]
    z = np.repeat(outputs[:, None], len(values), axis=1)
    beyond = (values - second[0, 0])[:, None]
    z[..., 0] += beyond * h[:, None]
    value, delta = _nll(z, y) if cost == "nll" else _softmax_quadratic(z, y)
    back = delta @ second[:, 0] + beyond * delta[..., 0]
    by_first = (back * ((1 - h**2) * x[:, 0])[:, None]).mean(axis=-1)
    by_second = (delta[..., 0] * h[:, None]).mean(axis=-1)
    return value.mean(axis=-1), np.hypot(by_first, by_second)


def _nll(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-log P(y|x) of each example, and its derivative in z."""
    shifted = z - z.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * logs).sum(axis=-1), np.exp(logs) - y


def _softmax_quadratic(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|a - y|^2 of each example, a = softmax z, and its derivative in z.

    The config's cost=quadratic is another function: |a - y|^2 / 2 of sigmoid outputs.
    """
    raised = np.exp(z - z.max(axis=-1, keepdims=True))
    a = raised / raised.sum(axis=-1, keepdims=True)
    error = a - y
    delta = 2 * a * (error - (a * error).sum(axis=-1, keepdims=True))
    return (error**2).sum(axis=-1), delta
