"""Remedies by name: each changes a freshly made network, or how its optimizer steps.

`REMEDIES[name].apply(setup)` works in place on the setup of one trial and returns whether there was
anything to change; nothing of the user's is touched, since every trial makes its own network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from depthgauge.diagnosis.surgery import (
    Residual,
    follow_by,
    hidden_layers,
    replace_activations,
    runs_of_equal_width,
    spread_slices,
)


@dataclass
class Setup:
    """What one trial trains: a network of its own, its loss and its optimizer."""

    net: nn.Module
    loss: Callable[[nn.Module, object], torch.Tensor]
    first_batch: object
    optimizer: torch.optim.Optimizer


@dataclass(frozen=True)
class Remedy:
    """One change, its source, and how to make it."""

    what: str
    source: str
    apply: Callable[[Setup], bool]
    """Change the setup in place; False where the network has nothing that it applies to."""


def redraw(setup: Setup, draw: Callable[[torch.Tensor], object]) -> bool:
    """Draw the weights of every dense and convolutional layer anew; their biases become 0."""
    layers = [each for each in setup.net.modules() if isinstance(each, DENSE)]
    with torch.no_grad():
        for layer in layers:
            draw(layer.weight)
            if layer.bias is not None:
                layer.bias.zero_()
    return bool(layers)


def scale_layers_by_data(setup: Setup) -> bool:
    """LSUV: orthogonal weights, then every layer's output scaled to variance 1 on one batch."""
    redraw(setup, nn.init.orthogonal_)
    layers = hidden_layers(setup.net)
    for layer in layers:
        outputs: list[torch.Tensor] = []
        keep = layer.register_forward_hook(lambda _, __, z, outputs=outputs: outputs.append(z))
        with torch.no_grad():
            setup.loss(setup.net, setup.first_batch)
        keep.remove()
        deviation = outputs[0].std() if outputs else torch.tensor(1.0)
        if deviation.isfinite() and deviation > 0:
            layer.weight.data.div_(deviation)
    return bool(layers)


def use_activation(setup: Setup, make: Callable[[], nn.Module]) -> bool:
    """Replace every sigmoid, tanh, ReLU ... module between layers; He's weights go with it."""
    if not replace_activations(setup.net, make):
        return False
    return redraw(setup, partial(nn.init.kaiming_normal_, nonlinearity="relu"))


def normalize(setup: Setup, kind: str) -> bool:
    """Follow every hidden layer by a normalization of its outputs."""
    layers = hidden_layers(setup.net)
    for layer in layers:
        follow_by(setup.net, layer, normalization(layer, kind))
    return _step_on_all(setup, bool(layers))


def normalization(layer: nn.Module, kind: str) -> nn.Module:
    """Return layer norm or batch norm for a layer's output."""
    if isinstance(layer, nn.Linear):
        width = layer.out_features
        return nn.LayerNorm(width) if kind == "layer" else nn.BatchNorm1d(width)
    width = layer.out_channels
    batch = {nn.Conv1d: nn.BatchNorm1d, nn.Conv2d: nn.BatchNorm2d, nn.Conv3d: nn.BatchNorm3d}
    return nn.GroupNorm(1, width) if kind == "layer" else batch[type(layer)](width)


def add_residuals(setup: Setup) -> bool:
    """Add the input to the output of every layer with its activation, where the widths agree."""
    runs = runs_of_equal_width(setup.net)
    for parent, start, stop in runs:
        body = nn.Sequential(*[parent[place] for place in range(start, stop)])
        spread_slices(parent, start, stop, Residual(body))
    return bool(runs)


def scale_rate(setup: Setup, factor: float) -> bool:
    """Multiply every learning rate."""
    for group in setup.optimizer.param_groups:
        group["lr"] *= factor
    return True


def warm_up(setup: Setup, steps: int) -> bool:
    """Let the learning rate rise linearly over the first steps."""
    schedule = torch.optim.lr_scheduler.LambdaLR(
        setup.optimizer, lambda step: min(1.0, (step + 1) / steps)
    )
    setup.optimizer.register_step_post_hook(lambda *_: schedule.step())
    return True


def clip(setup: Setup, norm: float) -> bool:
    """Scale a gradient down whose norm over all parameters is above `norm`."""
    parameters = list(setup.net.parameters())
    setup.optimizer.register_step_pre_hook(
        lambda *_: torch.nn.utils.clip_grad_norm_(parameters, norm) and None
    )
    return True


def step_each_layer_alike(setup: Setup, ratio: float) -> bool:
    """Scale each weight's gradient so that one step of plain SGD moves it by `ratio` of itself."""
    weights = [each for each in setup.net.parameters() if each.dim() > 1]

    def scale(*_: object) -> None:
        for weight in weights:
            if weight.grad is not None:
                length = weight.grad.double().norm()
                wanted = ratio * weight.data.double().norm()
                grown = weight.grad.double() * torch.where(length > 0, wanted / length, 0.0)
                weight.grad.copy_(grown)

    biases = [each for each in setup.net.parameters() if each.dim() <= 1]
    rate = setup.optimizer.param_groups[0]["lr"]
    groups = [{"params": weights, "lr": 1.0}, {"params": biases, "lr": rate}]
    setup.optimizer = torch.optim.SGD([each for each in groups if each["params"]])
    setup.optimizer.register_step_pre_hook(scale)
    return bool(weights)


def use_adam(setup: Setup) -> bool:
    """Adam with its own default step size, in place of the optimizer that is there."""
    if isinstance(setup.optimizer, torch.optim.Adam | torch.optim.AdamW):
        return False
    setup.optimizer = torch.optim.Adam(setup.net.parameters())
    return True


def open_forget_gates(setup: Setup, value: float) -> bool:
    """Set the forget gate's bias of every LSTM, and the update gate's of every GRU, to `value`."""
    gates = {nn.LSTM: 1, nn.GRU: 1}  # PyTorch stacks i, f, g, o and r, z, n
    found = [each for each in setup.net.modules() if type(each) in gates and each.bias]
    with torch.no_grad():
        for module in found:
            place, size = gates[type(module)], module.hidden_size
            for name, bias in module.named_parameters():
                if name.startswith("bias_ih"):
                    bias[place * size : (place + 1) * size] = value
                elif name.startswith("bias_hh"):
                    bias[place * size : (place + 1) * size] = 0.0
    return bool(found)


def _step_on_all(setup: Setup, changed: bool) -> bool:
    """Give the parameters that a remedy added to the optimizer."""
    known = {id(p) for group in setup.optimizer.param_groups for p in group["params"]}
    added = [p for p in setup.net.parameters() if id(p) not in known]
    if added:
        setup.optimizer.add_param_group({"params": added})
    return changed


DENSE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)

WARM_STEPS = 20
"""Steps of the warm-up; a trial has a hundred or so."""

REMEDIES: dict[str, Remedy] = {
    "He initialization": Remedy(
        "draw weights with variance 2 / n_in",
        "He et al., ICCV 2015",
        partial(redraw, draw=partial(nn.init.kaiming_normal_, nonlinearity="relu")),
    ),
    "Glorot initialization": Remedy(
        "draw weights with variance 2 / (n_in + n_out)",
        "Glorot and Bengio 2010, eq. 16",
        partial(redraw, draw=nn.init.xavier_uniform_),
    ),
    "orthogonal initialization": Remedy(
        "draw orthogonal weights",
        "Saxe et al., ICLR 2014",
        partial(redraw, draw=nn.init.orthogonal_),
    ),
    "LSUV initialization": Remedy(
        "orthogonal weights, each layer scaled to unit output variance on one batch",
        "Mishkin and Matas, ICLR 2016",
        scale_layers_by_data,
    ),
    "ReLU activation": Remedy(
        "use ReLU with He's weights",
        "Glorot et al., AISTATS 2011",
        partial(use_activation, make=nn.ReLU),
    ),
    "leaky ReLU activation": Remedy(
        "use leaky ReLU with He's weights",
        "Maas et al., ICML 2013",
        partial(use_activation, make=partial(nn.LeakyReLU, 0.01)),
    ),
    "layer normalization": Remedy(
        "normalize each hidden layer's output over its units",
        "Ba et al., arXiv 1607.06450",
        partial(normalize, kind="layer"),
    ),
    "batch normalization": Remedy(
        "normalize each hidden unit's output over the batch",
        "Ioffe and Szegedy, ICML 2015",
        partial(normalize, kind="batch"),
    ),
    "residual connections": Remedy(
        "add a layer's input to its output where the widths agree",
        "He et al., CVPR 2016",
        add_residuals,
    ),
    "smaller step": Remedy("learning rate / 10", "", partial(scale_rate, factor=0.1)),
    "larger step": Remedy("learning rate x 10", "", partial(scale_rate, factor=10.0)),
    "warm-up": Remedy(
        f"let the learning rate rise over {WARM_STEPS} steps",
        "Goyal et al., arXiv 1706.02677",
        partial(warm_up, steps=WARM_STEPS),
    ),
    "step size per layer": Remedy(
        "move every weight matrix by 1 % of its norm a step",
        "You et al., arXiv 1708.03888",
        partial(step_each_layer_alike, ratio=0.01),
    ),
    "Adam": Remedy("Adam with its defaults", "Kingma and Ba, ICLR 2015", use_adam),
    "gradient clipping": Remedy(
        "scale gradients with a norm above 1 down to 1",
        "Pascanu et al., ICML 2013",
        partial(clip, norm=1.0),
    ),
    "forget-gate bias": Remedy(
        "start with open forget gates: a bias of 2",
        "Jozefowicz et al., ICML 2015",
        partial(open_forget_gates, value=2.0),
    ),
}
