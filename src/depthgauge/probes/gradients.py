"""How fast each layer learns: norms of the gradient, from the deltas of one backward pass.

Sums and norms are taken in float64: on a plateau the examples' gradients cancel to a ten-thousandth
of each, and many layers below the cost float32 rounds the square of a gradient to 0.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.buffers import padded

Deltas = Sequence[Float[Tensor, "replica example _"]]
"""delta^l = dC/dz^l of each example, layers 1..L."""
Inputs = Sequence[Float[Tensor, "replica example _"]]
"""a^{l-1} of each example, layers 1..L."""


def gradient_values(
    deltas: Deltas, inputs: Inputs, *, signals: bool = False, per_neuron: bool = False
) -> dict[str, Tensor]:
    """Return what docs/records.md lists under these names, (replica, layer, ...).

    `deltas` are of single examples, wherever they come from: an engine here, or hooks on a module.
    `signals` adds input_square, `per_neuron` bias_gradient. All have the dtype of the deltas.
    """
    mean = mean_bias_gradients(deltas)
    values = {
        "bias_gradient_norm": norms(mean),
        "delta_rms": delta_rms(deltas),
        "weight_gradient_norm": weight_gradient_norms(deltas, inputs),
    }
    if signals:
        values["input_square"] = input_squares(inputs)
    if per_neuron:
        values["bias_gradient"] = stacked(mean)
    return {name: each.to(deltas[0].dtype) for name, each in values.items()}


def mean_bias_gradients(deltas: Deltas) -> list[Float[Tensor, "replica _"]]:
    """Return the mean over examples of dC/db^l = delta^l (BP3), layers 1..L, in float64."""
    return [delta.mean(dim=1, dtype=torch.double) for delta in deltas]


def stacked(vectors: Sequence[Float[Tensor, "*batch _"]]) -> Float[Tensor, "*batch layer unit"]:
    """Return the layers' vectors as one, as long as the widest; NaN beyond a layer's width."""
    widest = max(each.shape[-1] for each in vectors)
    pad = torch.nn.functional.pad
    return torch.stack(
        [pad(each, (0, widest - each.shape[-1]), value=float("nan")) for each in vectors], dim=-2
    )


def norms(vectors: Sequence[Float[Tensor, "replica _"]]) -> Float[Tensor, "replica layer"]:
    """Return the Euclidean norm of each layer's vector, in float64."""
    return torch.stack([_length(each) for each in vectors], dim=1)


def layer_speeds(deltas: Deltas) -> Float[Tensor, "replica layer"]:
    """Return |mean over examples of dC/db^l|: the norm of the mean, not the mean of norms.

    Unit: cost per unit of bias. Source: Nielsen, ch. 5, "speed of learning".
    """
    return norms(mean_bias_gradients(deltas))


def delta_rms(deltas: Deltas) -> Float[Tensor, "replica layer"]:
    """Return the root mean square over examples of |delta^l|, in cost per unit of pre-activation.

    It is what mean field predicts; the mean of |delta^l| is less, the more so the deeper the net.
    """
    squares = [_length(delta).square().mean(dim=1) for delta in deltas]
    return torch.stack(squares, dim=1).sqrt()


def weight_gradient_norms(deltas: Deltas, inputs: Inputs) -> Float[Tensor, "replica layer"]:
    """Return the Frobenius norm of the mean over examples of dC/dw^l = delta^l (a^{l-1})^T (BP4).

    Unit: cost per unit of weight.
    """
    pairs = zip(deltas, inputs, strict=True)
    return torch.stack([_mean_outer_norm(delta, a) for delta, a in pairs], dim=1)


def input_squares(inputs: Inputs) -> Float[Tensor, "replica layer"]:
    """Return the mean of (a^{l-1})^2 over examples and units, in float64: mean field's lengths.

    Layer l's pre-activations then have variance q^l = n_{l-1} Var w^l times this, plus Var b.
    Source: Poole et al., NeurIPS 2016.
    """
    squares = [_length(a).square().mean(dim=1) / a.shape[2] for a in inputs]
    return torch.stack(squares, dim=1)


def _length(vectors: Float[Tensor, "*batch unit"]) -> Float[Tensor, "*batch"]:
    return torch.linalg.vector_norm(vectors, dim=-1, dtype=torch.double)


def _mean_outer_norm(
    delta: Float[Tensor, "replica example unit"], a: Float[Tensor, "replica example feature"]
) -> Float[Tensor, " replica"]:
    """|sum_e delta_e a_e^T| / examples, by whichever product is smaller.

    |d^T a|^2 = sum((d d^T) * (a a^T)) needs no (unit, feature) matrix: cheaper for few examples.
    With r the result over the mean of |delta_e a_e^T|, its relative error is about epsilon / r^2.
    """
    examples, units = delta.shape[1:]
    features = a.shape[2]
    shared = a.stride(0) == 0  # the input layer: one product serves all replicas
    delta, a = _double(delta), a[0].double() if shared else _double(a)
    # The choice must not depend on how many replicas there are: it may change the last digit.
    if examples * (units + (0 if shared else features)) < units * features:
        gram = torch.matmul(a, a.mT) if shared else _product(a, a.mT)
        squares = (_product(delta, delta.mT) * gram).sum(dim=(1, 2))
        return squares.clamp_min_(0).sqrt_() / examples
    whole = a.expand(len(delta), -1, -1) if shared else a
    return torch.linalg.matrix_norm(_product(delta.mT, whole)) / examples


def _double(one: Float[Tensor, "replica m n"]) -> Float[Tensor, "replica m n"]:
    """The same in float64, each replica's numbers aligned alike."""
    _, out = padded(tuple(one.shape), one.new_empty(0, dtype=torch.double))
    return out.copy_(one)


def _product(
    one: Float[Tensor, "replica m k"], other: Float[Tensor, "replica k n"]
) -> Float[Tensor, "replica m n"]:
    """A batched product whose rounding does not depend on the place in the block."""
    _, out = padded((one.shape[0], one.shape[1], other.shape[2]), one)
    return torch.bmm(one, other, out=out)
