"""What lies between one site and the next: activations and normalizations, functional ones too.

Each output of a known function is tagged by its node in autograd's graph with the site it comes
from; a site whose input has no tag follows something unknown, and its edge is not split.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.functions import FUNCTIONS, Function
from depthgauge.diagnosis.record import Record

_RESHAPES = frozenset(
    {
        "view", "reshape", "flatten", "unflatten", "permute", "transpose", "movedim", "squeeze",
        "unsqueeze", "contiguous", "clone", "to", "float", "max_pool1d", "max_pool2d", "max_pool3d",
    }
)  # fmt: skip
"""Functions that keep |delta|: each entry goes to one place (maxima of windows side by side)."""

_NORMALIZATIONS = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})


KNOWN = frozenset(FUNCTIONS) | _RESHAPES | _NORMALIZATIONS | {"dropout"}
"""Functions that a tag passes through."""


@dataclass(frozen=True)
class Tag:
    """The way from a site's output to a later tensor."""

    source: Record
    slopes: Tensor | None = None
    """Mean f'^2 on the way."""
    normalization: Tensor | None = None
    """Mean gamma^2 / sigma^2 (1 - 2 / n) on the way."""
    names: tuple[str, ...] = ()
    """Activations and normalizations passed."""


class Trace:
    """Tags of the tensors of one forward pass."""

    def __init__(self) -> None:
        self._tags: dict[Node, Tag] = {}

    def start(self, record: Record, output: Tensor) -> None:
        """Tag a site's own output."""
        if output.grad_fn is not None:
            self._tags[output.grad_fn] = Tag(record)

    def tag(self, value: object) -> Tag | None:
        """Return the tag of a tensor; None for anything untagged."""
        node = value.grad_fn if isinstance(value, Tensor) else None
        return self._tags.get(node) if node is not None else None

    def before(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Callable[[Tensor], None] | None:
        """Read a function's input, before it may be overwritten; return what tags its output."""
        z = args[0] if args else kwargs.get("input")
        tag = self.tag(z)
        if tag is None or not isinstance(z, Tensor):
            return None
        rest = args[1:], {k: v for k, v in kwargs.items() if k != "input"}
        if _is_relu6(name, *rest):
            name, rest = "relu6", ((), {})
        if name in FUNCTIONS:
            after = _activated(tag, z, name, FUNCTIONS[name], *rest)
        elif name in _NORMALIZATIONS:
            after = _normalized(tag, z, name, *rest)
        elif name == "dropout":
            after = _dropped(tag, z, *rest)
        elif name in _RESHAPES:
            after = tag
        else:
            return None
        return lambda output: self._after(after, output)

    def _after(self, tag: Tag, output: object) -> None:
        if isinstance(output, Tensor) and output.grad_fn is not None:
            self._tags[output.grad_fn] = tag
            if tag.names and tag.names[-1] in FUNCTIONS and not tag.source.activated:
                tag.source.activated = True
                tag.source.put("sameness", statistics.sameness(output.detach()))


def _is_relu6(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return name == "hardtanh" and (args[0] if args else kwargs.get("min_val", -1.0)) == 0


def _activated(
    tag: Tag, z: Tensor, name: str, function: Function, args: Sequence[Any], kwargs: Mapping
) -> Tag:
    slopes = function.slope(z.detach(), *args, **kwargs)
    record = tag.source
    if not any(each in FUNCTIONS for each in tag.names):
        if function.steepest is not None:
            record.put("saturated", statistics.share_below(slopes, 0.1 * function.steepest))
        if slopes.dim() > 1 and slopes.shape[record.unit_dim] == record.units:
            record.put("alive", statistics.alive(slopes, record.unit_dim))
    so_far = _times(tag.slopes, statistics.mean_square(slopes))
    return replace(tag, slopes=so_far, names=(*tag.names, name))


def _times(so_far: Tensor | None, factor: Tensor) -> Tensor:
    """The product, on the factor's device: a network may go on on another one."""
    return factor if so_far is None else so_far.to(factor.device) * factor


def _dropped(tag: Tag, z: Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tag:
    """Dropout's slope is 1 / (1 - p) or 0: its mean square is 1 / (1 - p)."""
    p = args[0] if args else kwargs.get("p", 0.5)
    if not kwargs.get("training", args[1] if len(args) > 1 else True) or not 0 < p < 1:
        return tag
    square = torch.full((), 1 / (1 - p), dtype=statistics.wide(z), device=z.device)
    return replace(tag, slopes=_times(tag.slopes, square), names=(*tag.names, "dropout"))


def _normalized(tag: Tag, z: Tensor, name: str, args: Sequence[Any], kwargs: Mapping) -> Tag:
    gain = _gain(z.detach().to(statistics.wide(z)), name, args, kwargs)
    return replace(tag, normalization=_times(tag.normalization, gain), names=(*tag.names, name))


def _gain(z: Tensor, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tensor:
    """Return the mean gamma^2 / sigma^2 (1 - 2 / n), where n entries share one sigma.

    The backward pass takes the parts along the mean and along z out of the delta; only the latter,
    1 - 1 / n, for the RMS.
    """
    weight, eps = kwargs.get("weight"), kwargs.get("eps") or 1e-5
    if name in {"layer_norm", "rms_norm"}:
        shape = args[0] if args else kwargs["normalized_shape"]
        dims, n = list(range(z.dim() - len(shape), z.dim())), math.prod(shape)
    elif name == "batch_norm":
        dims = [d for d in range(z.dim()) if d != 1]
        n = z.numel() // z.shape[1]
    else:
        groups = args[0] if name == "group_norm" and args else z.shape[1]
        z = z.unflatten(1, (groups, -1))
        dims = list(range(2, z.dim()))
        n = z[0, 0].numel()
    centred = z if name == "rms_norm" else z - z.mean(dim=dims, keepdim=True)
    spread = centred.square().mean(dim=dims)  # var itself is ten times as slow
    gains = 1 / (spread + eps)
    lost = (1 if name == "rms_norm" else 2) / max(n, 1)
    if weight is None:
        return gains.mean() * (1 - lost)
    squares = weight.detach().to(z.dtype).square()
    same = name == "batch_norm" and squares.shape == gains.shape
    return ((squares * gains).mean() if same else squares.mean() * gains.mean()) * (1 - lost)
