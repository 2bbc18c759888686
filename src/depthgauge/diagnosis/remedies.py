"""How to apply each remedy: it changes a freshly made network, or how its optimizer steps.

`REMEDIES[remedy](setup)` works in place on the setup of one trial and returns whether there was
anything to change; nothing of the user's is touched: every trial makes a network of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from depthgauge.diagnosis.findings import Remedy
from depthgauge.diagnosis.surgery import (
    DenseBatchNorm,
    Layer,
    Residual,
    hidden_layers,
    replace,
    replace_activations,
    runs_of_equal_width,
    set_weight,
)


@dataclass
class Setup:
    """What one trial trains: a network of its own, its loss and its optimizer."""

    net: nn.Module
    loss: Callable[[nn.Module, object], torch.Tensor]
    first_batch: object
    optimizer: torch.optim.Optimizer


def redraw(setup: Setup, draw: Callable[[torch.Tensor], object]) -> bool:
    """Draw the weights of every dense and convolutional layer anew; their biases become 0."""
    layers = [each for each in setup.net.modules() if isinstance(each, Layer)]
    with torch.no_grad():
        for layer in layers:
            weight = torch.empty_like(layer.weight)
            draw(weight)
            set_weight(layer, weight)
            if layer.bias is not None:
                layer.bias.zero_()
    return bool(layers)


def draw_orthogonal(setup: Setup) -> bool:
    """Draw orthogonal weights, and orthogonal recurrent ones for each gate."""
    recurrent = [m for m in setup.net.modules() if isinstance(m, nn.RNNBase | nn.RNNCellBase)]
    with torch.no_grad():
        for module in recurrent:
            for name, weight in module.named_parameters():
                if name.startswith("weight_hh"):
                    for gate in weight.split(module.hidden_size):
                        nn.init.orthogonal_(gate)
    return redraw(setup, nn.init.orthogonal_) or bool(recurrent)


def scale_layers_by_data(setup: Setup) -> bool:
    """LSUV: orthogonal weights, then every layer's output scaled to variance 1 on one batch."""
    redraw(setup, nn.init.orthogonal_)
    layers = hidden_layers(setup.net)
    for layer in layers:
        for deviation in _output_deviations(setup, layer)[:1]:
            if deviation.isfinite() and deviation > 0:
                with torch.no_grad():
                    set_weight(layer, layer.weight / deviation)
    return bool(layers)


def _output_deviations(setup: Setup, layer: nn.Module) -> list[torch.Tensor]:
    """Return the standard deviation of the layer's output at each call on the first batch."""
    found: list[torch.Tensor] = []

    def keep(_: nn.Module, __: Any, z: torch.Tensor) -> None:
        found.append(z.std())

    hook = layer.register_forward_hook(keep)
    with torch.no_grad():
        setup.loss(setup.net, setup.first_batch)
    hook.remove()
    return found


def use_other_activation(setup: Setup) -> bool:
    """Replace activation modules: ReLU by leaky ReLU, any other by ReLU; draw He's weights."""
    kinds = {type(each) for each in setup.net.modules()}
    make = partial(nn.LeakyReLU, 0.01) if nn.ReLU in kinds else nn.ReLU
    return bool(replace_activations(setup.net, make)) and redraw(setup, HE)


def normalize(setup: Setup, kind: str) -> bool:
    """Follow every hidden layer by a normalization of its outputs."""
    layers = hidden_layers(setup.net)
    for layer in layers:
        normalized = nn.Sequential(layer, normalization(layer, kind).to(layer.weight))
        replace(setup.net, layer, normalized)
    return _step_on_all(setup, bool(layers))


def normalization(layer: Layer, kind: str) -> nn.Module:
    """Return layer norm or batch norm for a layer's output."""
    if isinstance(layer, nn.Linear):
        width = layer.out_features
        return nn.LayerNorm(width) if kind == "layer" else DenseBatchNorm(width)
    width = layer.out_channels
    if kind == "layer":
        return nn.GroupNorm(1, width)
    batch = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
    return batch[len(layer.kernel_size)](width)


def add_residuals(setup: Setup) -> bool:
    """Add the input to the output of every layer with its activation, where the widths agree."""
    runs = runs_of_equal_width(setup.net)
    for parent, start, stop in runs:
        body = nn.Sequential(*list(parent)[start:stop])
        del parent[start:stop]
        parent.insert(start, Residual(body))
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

    def scale(*_: Any) -> None:
        nn.utils.clip_grad_norm_(parameters, norm)

    setup.optimizer.register_step_pre_hook(scale)
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
    rate = min(setup.optimizer.param_groups[0]["lr"], ratio)  # of biases, which may be 0
    groups = [{"params": weights, "lr": 1.0}, {"params": biases, "lr": rate}]
    setup.optimizer = torch.optim.SGD([each for each in groups if each["params"]])
    setup.optimizer.register_step_pre_hook(scale)
    return bool(weights)


GATED = (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell)


def open_forget_gates(setup: Setup, value: float) -> bool:
    """Set the forget gate's bias of every LSTM, and the update gate's of every GRU, to `value`."""
    found = [m for m in setup.net.modules() if isinstance(m, GATED) and m.bias]
    with torch.no_grad():
        for module in found:
            size = module.hidden_size
            gate = slice(size, 2 * size)  # the second of PyTorch's i, f, g, o and of its r, z, n
            for name, bias in module.named_parameters():
                if name.startswith("bias"):
                    bias[gate] = value if "_ih" in name else 0.0
    return bool(found)


def standardize_inputs(setup: Setup) -> bool:
    """Shift and scale floating-point inputs of the network by what its first batch has."""
    moments: list[tuple[torch.Tensor, torch.Tensor]] = []

    def standardize(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        first = inputs[0]
        if not isinstance(first, torch.Tensor) or not first.is_floating_point():
            return None
        if not moments:
            moments.append((first.mean(), first.std().clamp_min(1e-12)))
        mean, deviation = moments[0]
        return ((first - mean) / deviation, *inputs[1:])

    hook = setup.net.register_forward_pre_hook(standardize)
    with torch.no_grad():
        setup.loss(setup.net, setup.first_batch)
    if not moments:
        hook.remove()
    return bool(moments)


def give_raw_outputs(setup: Setup) -> bool:
    """Take a softmax or sigmoid away that is the network's last module."""
    *_, last = (each for each in setup.net.modules() if not list(each.children()))
    if isinstance(last, nn.Softmax | nn.Sigmoid) and last is not setup.net:
        replace(setup.net, last, nn.Identity())
        return True
    return False


def _step_on_all(setup: Setup, changed: bool) -> bool:
    """Give the parameters that a remedy added to the optimizer."""
    known = {id(p) for group in setup.optimizer.param_groups for p in group["params"]}
    added = [p for p in setup.net.parameters() if id(p) not in known]
    if added:
        setup.optimizer.add_param_group({"params": added})
    return changed


HE = partial(nn.init.kaiming_normal_, nonlinearity="relu")

WARM_STEPS = 20
"""Steps of the warm-up; a trial has a hundred or so."""

REMEDIES: dict[Remedy, Callable[[Setup], bool]] = {
    Remedy.he_init: partial(redraw, draw=HE),  # He et al., ICCV 2015
    Remedy.glorot_init: partial(redraw, draw=nn.init.xavier_uniform_),  # Glorot 2010, eq. 16
    Remedy.orthogonal_init: draw_orthogonal,  # Saxe et al., ICLR 2014; Le et al., arXiv 1504.00941
    Remedy.lsuv_init: scale_layers_by_data,  # Mishkin and Matas, ICLR 2016
    Remedy.other_activation: use_other_activation,  # Glorot, 2011; Maas et al., ICML 2013
    Remedy.layer_norm: partial(normalize, kind="layer"),  # Ba et al., arXiv 1607.06450
    Remedy.batch_norm: partial(normalize, kind="batch"),  # Ioffe and Szegedy, ICML 2015
    Remedy.residual: add_residuals,  # He et al., CVPR 2016
    Remedy.smaller_step: partial(scale_rate, factor=0.1),
    Remedy.larger_step: partial(scale_rate, factor=10.0),
    Remedy.warmup: partial(warm_up, steps=WARM_STEPS),  # Goyal et al., arXiv 1706.02677
    Remedy.per_layer_step: partial(step_each_layer_alike, ratio=0.01),  # You, arXiv 1708.03888
    Remedy.clipping: partial(clip, norm=1.0),  # Pascanu et al., ICML 2013
    Remedy.forget_bias: partial(open_forget_gates, value=2.0),  # Jozefowicz et al., ICML 2015
    Remedy.standardize: standardize_inputs,  # LeCun et al., Efficient BackProp, 1998
    Remedy.raw_outputs: give_raw_outputs,
}
"""How to apply each remedy that a verdict names, and who proposed it."""
