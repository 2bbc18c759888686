"""Activations, output functions and sums over one-dimensional arrays, compiled.

All work in place on the whole of x; callers pass slices. (A loop from start to stop would stay
scalar, since Numba checks whether an index is negative.)
"""

import numpy as np

from depthgauge.kernel.compiled import compiled
from depthgauge.kernel.rule import NLL, QUADRATIC, SIGMOID, SOFTSIGN, TANH
from depthgauge.kernel.vectors import f4

REORDER = {"reassoc", "contract", "nsz"}
"""Allows vectorized sums; their order depends on the processor alone."""


@compiled(fastmath={"contract"})
def exp(x, scratch):
    """e^x to about one unit in the last place: e^r by a polynomial, times 2^q, x = q ln 2 + r.

    x is cut at -87 and 87; NaN stays NaN. `scratch` holds int32, at least as many.
    Coefficients: Moshier's Cephes library, expf.
    """
    powers = scratch.view(np.float32)
    for k in range(len(x)):
        z = x[k]
        z = f4(87) if z > f4(87) else z
        z = f4(-87) if z < f4(-87) else z
        q = np.floor(z * f4(1.44269504088896341) + f4(0.5))
        r = (z - q * f4(0.693359375)) + q * f4(2.12194440e-4)
        p = f4(1.9875691500e-4) * r + f4(1.3981999507e-3)
        p = p * r + f4(8.3334519073e-3)
        p = p * r + f4(4.1665795894e-2)
        p = p * r + f4(1.6666665459e-1)
        p = p * r + f4(5.0000001201e-1)
        x[k] = p * r * r + r + f4(1)
        scratch[k] = (np.int32(q) + np.int32(127)) << np.int32(23)
    for k in range(len(x)):
        x[k] *= powers[k]


@compiled(fastmath={"contract"})
def _sigmoid(x, scratch):
    for k in range(len(x)):
        x[k] = -x[k]
    exp(x, scratch)
    for k in range(len(x)):
        x[k] = f4(1) / (f4(1) + x[k])


@compiled(fastmath={"contract"})
def _tanh(x, scratch):
    """By a polynomial near 0 (Cephes, tanhf), for relative precision; elsewhere by e^2x."""
    z = scratch.view(np.float32)[len(x) :]
    for k in range(len(x)):
        z[k] = x[k]
        x[k] = f4(2) * x[k]
    exp(x, scratch)
    for k in range(len(x)):
        s = z[k] * z[k]
        p = f4(-5.70498872745e-3) * s + f4(2.06390887954e-2)
        p = p * s + f4(-5.37397155531e-2)
        p = p * s + f4(1.33314422036e-1)
        p = p * s + f4(-3.33332819422e-1)
        near = p * s * z[k] + z[k]
        far = f4(1) - f4(2) / (x[k] + f4(1))
        x[k] = near if s < f4(0.390625) else far


@compiled()
def activate(code, x, scratch):
    """Write f(z) over z; `scratch` holds int32, at least twice as many."""
    if code == SIGMOID:
        _sigmoid(x, scratch)
    elif code == TANH:
        _tanh(x, scratch)
    elif code == SOFTSIGN:
        for k in range(len(x)):
            x[k] = x[k] / (f4(1) + abs(x[k]))
    else:
        for k in range(len(x)):
            x[k] = f4(0) if x[k] < f4(0) else x[k]


@compiled()
def chain(code, delta, a):
    """Multiply delta by f'(z), computed from a = f(z)."""
    for k in range(len(delta)):
        if code == SIGMOID:
            delta[k] = delta[k] * (a[k] * (f4(1) - a[k]))
        elif code == TANH:
            delta[k] = delta[k] * (f4(1) - a[k] * a[k])
        elif code == SOFTSIGN:
            delta[k] = delta[k] * ((f4(1) - abs(a[k])) * (f4(1) - abs(a[k])))
        else:
            delta[k] = delta[k] if a[k] > f4(0) else f4(0)


@compiled(fastmath=REORDER)
def square_sum(x):
    """Sum of squares in float64: float32 rounds the square of a number below 1e-23 to 0."""
    total = 0.0
    for k in range(len(x)):
        total += np.float64(x[k]) * np.float64(x[k])
    return total


@compiled()
def _output(cost, a, pad, classes, scratch):
    """z^L -> a^L: sigmoid, or softmax over the classes."""
    if cost != NLL:
        _sigmoid(a, scratch)
        return
    for row in range(0, len(a), pad):
        top = a[row]
        for j in range(1, classes):
            top = max(top, a[row + j])
        for j in range(classes):
            a[row + j] -= top
    exp(a, scratch)
    for row in range(0, len(a), pad):
        total = f4(0)
        for j in range(classes):
            total += a[row + j]
        for j in range(classes):
            a[row + j] /= total


@compiled()
def output_delta(rule, a, delta, pad, classes, labels, scale, scratch):
    """Turn z^L, a row of `pad` for each example, to a^L; delta^L = scale dC/dz^L (BP1)."""
    _output(rule.cost, a, pad, classes, scratch)
    for e in range(len(labels)):
        row = e * pad
        for j in range(classes):
            delta[row + j] = a[row + j]
        delta[row + labels[e]] -= f4(1)
        for j in range(classes):
            if rule.cost == QUADRATIC:
                delta[row + j] *= a[row + j] * (f4(1) - a[row + j])
            delta[row + j] *= scale
