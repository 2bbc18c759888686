"""What other tools would say of a training step, by their published rules and thresholds.

Re-implemented from their papers and documentation, each threshold at its default:

- SageMaker Debugger's built-in rules (AWS documentation, "List of Debugger built-in rules").
- AUTOTRAINER (Zhang et al., ICSE 2021).
- DeepDiagnosis (Wardat et al., ICSE 2022).
- TheDeepChecker (Ben Braiek and Khomh, TOSEM 2023).

A rule sees one instrumented step (`Step`) and returns the findings it would raise.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from depthgauge.diagnosis.findings import Finding


@dataclass
class Step:
    """What the tools look at in one step of training."""

    gradients: list[Tensor] = field(default_factory=list)
    """Of every weight matrix, input side first."""
    outputs: list[tuple[type, Tensor]] = field(default_factory=list)
    """(kind of module, output) of every module without children."""
    inputs: list[tuple[type, Tensor]] = field(default_factory=list)
    """The same modules' inputs."""
    ratios: list[float] = field(default_factory=list)
    """|update| / |weight| of every weight matrix."""


def observe(
    net: nn.Module,
    loss: Callable[[nn.Module, Any], Tensor],
    batch: Any,
    optimizer: torch.optim.Optimizer,
) -> Step:
    """Take one step of training and keep what the tools read."""
    step = Step()

    def keep(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and inputs and isinstance(inputs[0], Tensor):
            step.inputs.append((type(module), inputs[0].detach().clone()))
            step.outputs.append((type(module), output.detach().clone()))

    leaves = [each for each in net.modules() if not list(each.children())]
    hooks = [each.register_forward_hook(keep) for each in leaves]
    optimizer.zero_grad()
    loss(net, batch).backward()
    for hook in hooks:
        hook.remove()
    weights = [each for each in net.parameters() if each.dim() > 1 and each.grad is not None]
    step.gradients = [each.grad.detach().clone() for each in weights if each.grad is not None]
    before = [each.detach().clone() for each in weights]
    optimizer.step()
    for old, new in zip(before, weights, strict=True):
        step.ratios.append(float((new.detach() - old).norm() / old.norm().clamp_min(1e-30)))
    return step


def sagemaker(steps: Sequence[Step]) -> set[Finding]:
    """VanishingGradient, ExplodingTensor, DeadRelu, TanhSaturation, SigmoidSaturation, ratio."""
    step, found = steps[-1], set()
    if any(not each.isfinite().all() for each in step.gradients):
        found.add(Finding.explodes)
    if any(each.abs().mean() < 1e-7 for each in step.gradients):
        found.add(Finding.vanishes)
    for kind, output in step.outputs:
        inactive = (output.flatten(1) != 0).float().mean(dim=0) < 0.01
        if kind is nn.ReLU and inactive.float().mean() > 0.5:
            found.add(Finding.dead)
    limits = {nn.Tanh: (-9.5, 9.5), nn.Sigmoid: (-23.0, 16.99)}
    for kind, z in step.inputs:
        if kind in limits:
            low, high = limits[kind]
            if ((z < low) | (z > high)).float().mean() > 0.5:
                found.add(Finding.saturated)
    if any(ratio > 10 for ratio in step.ratios):
        found.add(Finding.step_too_large)
    if any(ratio < 1e-8 for ratio in step.ratios):
        found.add(Finding.step_too_small)
    return found


def autotrainer(steps: Sequence[Step]) -> set[Finding]:
    """Ratios of first to last gradient, and the share of zeros in gradients (dying ReLU)."""
    step, found = steps[-1], set()
    first, last = (step.gradients[place].abs().mean() for place in (0, -1))
    if first / last < 1e-3 and first < 1e-4:
        found.add(Finding.vanishes)
    if first / last > 70 or not all(each.isfinite().all() for each in step.gradients):
        found.add(Finding.explodes)
    zeros = torch.cat([each.flatten() == 0 for each in step.gradients]).float().mean()
    if zeros >= 0.7:
        found.add(Finding.dead)
    return found


def deepdiagnosis(steps: Sequence[Step]) -> set[Finding]:
    """Means of gradients, zeros among outputs, saturated inputs."""
    step, found = steps[-1], set()
    if any(each.abs().mean() < 1e-7 for each in step.gradients):
        found.add(Finding.vanishes)
    if not all(each.isfinite().all() for each in step.gradients):
        found.add(Finding.explodes)
    if any((output <= 0).float().mean() >= 0.7 for _, output in step.outputs):
        found.add(Finding.dead)
    for kind, z in step.inputs:
        if kind in (nn.Tanh, nn.Sigmoid) and (z.abs() >= 5).float().mean() > 0.5:
            found.add(Finding.saturated)
    return found


def deepchecker(steps: Sequence[Step]) -> set[Finding]:
    """Small, shrinking or huge gradients, and update ratios outside [1e-4, 1e-1]."""
    step, found = steps[-1], set()
    means = [[float(each.abs().mean()) for each in one.gradients] for one in steps[-6:]]
    halving = len(means) == 6 and any(
        all(later <= 0.5 * earlier for earlier, later in itertools.pairwise(each))
        for each in zip(*means, strict=True)
    )
    if min(means[-1]) < 1e-6 or halving:
        found.add(Finding.vanishes)
    if max(means[-1]) > 1e6 or not all(each.isfinite().all() for each in step.gradients):
        found.add(Finding.explodes)
    logs = torch.tensor(step.ratios).clamp_min(1e-30).log10()
    if logs.mean() > -1:
        found.add(Finding.step_too_large)
    if logs.mean() < -4:
        found.add(Finding.step_too_small)
    return found


PEERS: dict[str, Callable[[Sequence[Step]], set[Finding]]] = {
    "SageMaker Debugger": sagemaker,
    "AUTOTRAINER": autotrainer,
    "DeepDiagnosis": deepdiagnosis,
    "TheDeepChecker": deepchecker,
}

TORCHMORTEM = {
    "gradient_flow": {Finding.vanishes, Finding.explodes},
    "dead_units": {Finding.dead},
    "saturation": {Finding.saturated},
    "update_ratio": {Finding.step_too_small, Finding.step_too_large},
    "weight_norm": {Finding.explodes, Finding.step_too_large},
    "rank_collapse": {Finding.alike, Finding.symmetric},
    "loss_dynamics": {Finding.not_depth, Finding.step_too_large},
}
"""Which of our findings a category of torchmortem 0.1.1 may stand for."""
