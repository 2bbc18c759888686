"""What a loss function is given: how it compares with guessing, and whether it repeats a softmax.

Guessing is to give every example the same answer, the best one for the batch's targets. At that
level a network has learned nothing of how targets depend on inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

from depthgauge.diagnosis import statistics

LOSSES = frozenset({"cross_entropy", "mse_loss", "binary_cross_entropy_with_logits"})

_APPLIES = {"cross_entropy": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}
"""What a loss function itself does to its input."""

_RESHAPES = ("View", "Reshape", "Unsafe", "Squeeze", "Unsqueeze", "Permute", "Transpose", "TBack")
"""Beginnings of the names of nodes that keep all numbers."""

_ENOUGH = 5
"""Examples for each class, below which their frequencies say little about guessing."""


@dataclass(frozen=True)
class LossFacts:
    """What is known of one loss."""

    summed: bool = False
    """Whether it adds up examples rather than averaging them."""
    guessing: Tensor | None = None
    """The loss over that of guessing: 1 is no better. None where it is not known."""
    applied_twice: str | None = None
    """The function that the network's output went through and that the loss applies again."""


class LossReading:
    """Functions that losses are made of, by their nodes in the graph."""

    def __init__(self) -> None:
        self._outputs: dict[Node, str] = {}
        self._facts: dict[Node, LossFacts] = {}

    def seen(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], output: Any) -> None:
        """Note a function of torch and its output."""
        if not isinstance(output, Tensor) or output.grad_fn is None:
            return
        summed = name == "sum" or kwargs.get("reduction") == "sum"
        if summed:
            self._facts[output.grad_fn] = LossFacts(summed=True)
        if name in _APPLIES.values():
            self._outputs[output.grad_fn] = name
        if name in LOSSES:
            given = {**dict(zip(("input", "target"), args, strict=False)), **kwargs}
            facts = self._read(name, given, None if summed or len(args) > 2 else output)
            self._facts[output.grad_fn] = replace(facts, summed=summed)

    def _read(self, name: str, given: Mapping[str, Any], mean: Tensor | None) -> LossFacts:
        outputs = given["input"]
        before = self._made_by(outputs.grad_fn)
        twice = before if before is not None and before == _APPLIES.get(name) else None
        level = None if mean is None else _guessing(name, given)
        ratio = None if level is None or mean is None else mean.detach() / level
        return LossFacts(guessing=ratio, applied_twice=twice)

    def _made_by(self, node: Node | None) -> str | None:
        """Return the function that made a loss's input, whatever changed its shape since."""
        while node is not None and node not in self._outputs and node.name().startswith(_RESHAPES):
            node = node.next_functions[0][0]
        return None if node is None else self._outputs.get(node)

    def facts(self, root: Node) -> LossFacts:
        """Return what is known of the loss that a backward pass begins at, whatever scales it."""
        node = root
        while node not in self._facts:
            inputs = [child for child, _ in node.next_functions if child is not None]
            if not node.name().startswith(("Mul", "Div")) or len(inputs) != 1:
                return LossFacts()
            node = inputs[0]
        return self._facts[node]


def _guessing(name: str, given: Mapping[str, Any]) -> Tensor | None:
    """Return the loss of the best constant answer, or None where that is not known."""
    plain = given.get("reduction", "mean") == "mean" and given.get("weight") is None
    if not plain or given.get("label_smoothing") or given.get("pos_weight") is not None:
        return None
    outputs, target = given["input"], given["target"]
    if name == "cross_entropy" and outputs.dim() > 1 and not target.is_floating_point():
        return _entropy(target.flatten(), outputs.shape[1], given.get("ignore_index", -100))
    if name == "mse_loss" and target.shape == outputs.shape and len(target) > _ENOUGH:
        return statistics.mean_square(target - target.mean(dim=0)) * len(target) / (len(target) - 1)
    return None


def _entropy(target: Tensor, classes: int, ignored: int) -> Tensor | None:
    """Return the entropy of the classes' frequencies, in nats.

    target: (example,). With Miller's correction (1955): a batch's frequencies vary by chance.
    """
    if len(target) < _ENOUGH * classes:
        return None
    valid = target != ignored
    counts = torch.zeros(classes, dtype=statistics.wide(target), device=target.device)
    counts.scatter_add_(0, torch.where(valid, target, 0), valid.to(counts.dtype))
    total = counts.sum()
    entropy = torch.special.entr(counts / total).sum()
    return entropy + ((counts > 0).sum() - 1) / (2 * total)
