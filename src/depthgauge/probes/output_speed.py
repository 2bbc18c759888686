"""Why a top layer saturates: how fast the output's bias learns, and how fast W h does.

The softmax sees b + W h, h the top hidden layer. Under gradient descent of rate 1 on a set of
examples every weight moves by minus its mean gradient, so the output moves at
dz^l_e/dt = - mean_e' (a^{l-1}_e' . a^{l-1}_e + 1) delta^l_e' + w^l da^{l-1}_e/dt.
Source: Glorot and Bengio, section 3.1 (the hypothesis); the formula is the chain rule.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.activations import Activation
from depthgauge.nets.costs import Cost
from depthgauge.probes.gradients import Deltas


def output_speeds(
    activation: Activation,
    weights: Sequence[Float[Tensor, "replica _ _"]],
    deltas: Deltas,
    values: Sequence[Float[Tensor, "replica example _"]],
    kept: Sequence[Float[Tensor, "replica example _"]],
) -> dict[str, Float[Tensor, " replica"]]:
    """Return three speeds of the output's pre-activation, per unit of learning rate and step.

    `values` are a^0..a^{L-1}, `kept` that of a Pass. `output_bias_speed` is |db/dt|;
    `output_signal_speed` that of W h, root mean square over examples, changes of h included;
    `image_signal_speed` that of what is left of W h when its mean over examples is taken off, the
    part that can tell images apart.
    """
    rows = []
    for r in range(weights[0].shape[0]):
        # In double: what tells images apart is a millionth of the speed they share.
        per_layer = [
            [each[r].double() for each in group] for group in (weights, deltas, values, kept)
        ]
        bias, signal = _velocities(activation, *per_layer)
        varying = signal - signal.mean(dim=0)
        rows.append([_size(bias[None]), _size(signal), _size(varying)])
    names = ("output_bias_speed", "output_signal_speed", "image_signal_speed")
    return {name: torch.stack([row[index] for row in rows]) for index, name in enumerate(names)}


def constant_logits(
    cost: Cost,
    w: Float[Tensor, "replica class unit"],
    b: Float[Tensor, "replica 1 class"],
    h: Float[Tensor, "replica example unit"],
    y: Float[Tensor, "example class"],
) -> dict[str, Float[Tensor, " replica"]]:
    """Return the mean cost, and what it would be if the top activations h were all their mean.

    `output_cost` is that of softmax inputs b + W h, `constant_output_cost` that of b + W mean(h):
    as much as an output that looks at no image can know. Unit: cost.
    """
    found = []
    for one, bias, rows in zip(w.double(), b.double(), h.double(), strict=True):
        z = torch.mm(rows, one.mT) + bias
        constant = z.mean(dim=0).expand_as(z)
        found.append(torch.stack([cost.value(each, y.double()).mean() for each in (z, constant)]))
    both = torch.stack(found)
    return {"output_cost": both[:, 0], "constant_output_cost": both[:, 1]}


def parameter_speeds(
    delta: Float[Tensor, "replica example class"], h: Float[Tensor, "replica example unit"]
) -> dict[str, Float[Tensor, " replica"]]:
    """Return the root mean square over parameters of the output layer's dC/db and dC/dW.

    Of the mean gradient over the examples: how fast one bias and one weight learn, per unit of
    learning rate and step.
    """
    bias, weight = [], []
    for one, rows in zip(delta.double(), h.double(), strict=True):
        bias.append(one.mean(dim=0).square().mean().sqrt())
        weight.append((torch.mm(one.mT, rows) / len(rows)).square().mean().sqrt())
    return {
        "output_bias_gradient": torch.stack(bias),
        "output_weight_gradient": torch.stack(weight),
    }


def _velocities(
    activation: Activation,
    weights: list[Tensor],
    deltas: list[Tensor],
    values: list[Tensor],
    kept: list[Tensor],
) -> tuple[Float[Tensor, " unit"], Float[Tensor, "example unit"]]:
    """Velocity of the output's bias, and of W h for each example, of one network."""
    examples = len(values[0])
    moved = bias = signal = torch.zeros_like(values[0])  # the input stands still
    for index, (w, delta, a) in enumerate(zip(weights, deltas, values, strict=True)):
        if index:
            moved = activation.chain_(signal + bias, kept[index - 1])
        bias = -delta.mean(dim=0)
        signal = torch.mm(torch.mm(a, a.mT), delta).div_(-examples) + torch.mm(moved, w.mT)
    return bias, signal


def _size(velocity: Float[Tensor, "example unit"]) -> Float[Tensor, ""]:
    return velocity.double().square().sum(dim=1).mean().sqrt()
