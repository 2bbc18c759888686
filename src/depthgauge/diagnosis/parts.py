"""From the tensors of one training step to the plain numbers of its looks."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.depth import LOSS, Place
from depthgauge.diagnosis.describe import class_and_size
from depthgauge.diagnosis.passes import Pass
from depthgauge.diagnosis.readings import Kind, Look, Parts, Site
from depthgauge.diagnosis.record import Record
from depthgauge.diagnosis.sites import roles

Numbers = dict[str, np.ndarray]

Reduce = Callable[[Tensor], Tensor]
"""The mean over the processes of a distributed run."""


def assemble(
    passes: Sequence[Pass],
    step: int,
    activity: Activity,
    scale: float = 1.0,
    reduce: Reduce | None = None,
) -> list[Look]:
    """Return one look for each backward pass that differs in its sites, the last of equal ones.

    `scale` is what the loss was multiplied by before it went backward.
    """
    chosen = {_signature(each): each for each in passes if any(r.node for r in each.records)}
    kept = list(chosen.values())
    several = len(kept) > 1
    count: dict[int, int] = {}
    looks = []
    for each, (own, *numbers) in zip(kept, _fetch(kept, reduce), strict=True):
        number = count[each.optimizer] = count.get(each.optimizer, -1) + 1
        profile = f"optimizer {max(each.optimizer, 0)}, backward {number}" if several else ""
        header = Look(
            step,
            float(own["loss"][0]) / scale,
            each.examples,
            (),
            input_sameness=_value(own, "input_sameness"),
            profile=profile,
            guessing=_value(own, "guessing"),
            applied_twice=each.facts.applied_twice,
        )
        looks.append(replace(header, sites=_sites(each, numbers, header, activity, scale)))
    return looks


def _signature(each: Pass) -> tuple:
    return each.optimizer, tuple(each.names)


def _fetch(passes: Sequence[Pass], reduce: Reduce | None) -> list[list[Numbers]]:
    """Bring all tensors to the host in one copy: of each pass its own, then its records'."""
    tables = [[each.numbers, *(r.numbers for r in each.records)] for each in passes]
    tensors = [t for table in tables for numbers in table for t in numbers.values()]
    if reduce is not None:
        agree(sum(t.numel() for t in tensors), reduce)
    if not tensors:
        return []
    device, dtype = tensors[0].device, statistics.wide(tensors[0])
    flat = torch.cat([t.reshape(-1).to(device, dtype) for t in tensors])
    values = (reduce(flat) if reduce else flat).cpu().numpy()
    ends = itertools.accumulate(t.numel() for t in tensors)
    parts = (values[end - t.numel() : end] for t, end in zip(tensors, ends, strict=True))
    return [[{key: next(parts) for key in numbers} for numbers in table] for table in tables]


def agree(numbers: int, reduce: Reduce) -> None:
    """Raise where the processes of a distributed run have read different things."""
    mean, mean_square = reduce(torch.tensor([numbers, numbers**2], dtype=torch.float64)).tolist()
    if not mean or mean_square - mean**2 > 1e-3:  # NCCL's mean of equal numbers may round
        raise RuntimeError("the processes' looks differ, and cannot be averaged")


def _sites(
    each: Pass, numbers: Sequence[Numbers], look: Look, activity: Activity, scale: float
) -> tuple[Site, ...]:
    """The sites, input side first; of equal depth, in the order of calls."""
    records, depths, names = each.records, _depths(each), each.names
    shared = roles(names, [r.kind for r in records])
    factor = (1 / look.examples if each.facts.summed else look.examples) / scale**2
    sites = []
    for i in sorted(range(len(records)), key=lambda i: -depths[i]):
        record, own, edge = records[i], numbers[i], _edge(each, numbers, i)
        facts: dict[str, Any] = {}
        if edge is not None:
            facts = {"activation": _activation(edge[0]), "parts": _parts(own, *edge)}
        if "alive" in own:
            seen = activity.add(look.profile, names[i], own["alive"], record.examples)
            facts |= zip(("dead", "dead_examples"), seen, strict=True)
        facts |= {"name": names[i], "role": shared[i]}
        times = _times(each, numbers, i)
        if len(times):
            facts["time_signal"] = tuple(_decades(float(t), factor) for t in times)
        sites.append(_site(record, own, depths[i], factor, facts))
    return tuple(sites)


def _times(each: Pass, numbers: Sequence[Numbers], i: int) -> Sequence[float] | np.ndarray:
    """The squared signal at each time step; of a cell's calls, the first has it."""
    module = each.records[i].module
    if not isinstance(module, nn.RNNCellBase):
        return numbers[i].get("time", ())
    calls = [n for n, record in enumerate(each.records) if record.module is module]
    squares = [_value(numbers[n], "signal") or 0.0 for n in calls]
    return squares if calls[0] == i and len(calls) > 1 else ()


def _depths(each: Pass) -> list[int]:
    """Depth by the graph; by the order in which deltas came where the graph is hidden.

    Reentrant checkpoints hide it. A frozen site stands one above the next that is not.
    """
    hidden = any(i not in each.places for i, r in enumerate(each.records) if r.node is not None)
    if hidden:
        order = {record: i for i, (record, _) in enumerate(each.arrivals)}
        known = {i: order[r] for i, r in enumerate(each.records) if r in order}
    else:
        known = {i: place.depth for i, place in each.places.items()}
    depths, below = [], -1
    for i in reversed(range(len(each.records))):
        below = known.get(i, below + 1)
        depths.append(below)
    return depths[::-1]


def _edge(each: Pass, numbers: Sequence[Numbers], i: int) -> tuple[Record, Numbers] | None:
    """The next site toward the loss, where it alone reads this one by way of known functions."""
    record, place = each.records[i], each.places.get(i)
    for j, other in enumerate(each.records):
        if other.source is record and (other.keeps_delta or _only_reader(place, j)):
            return other, numbers[j]
    return None


def _only_reader(place: Place | None, j: int) -> bool:
    return place is not None and place.readers == {j} and LOSS not in place.readers


def _site(
    record: Record, own: Numbers, depth: int, factor: float, facts: Mapping[str, Any]
) -> Site:
    return Site(
        kind=record.kind,
        depth=depth,
        units=record.units,
        module=class_and_size(record.module),
        output=depth == 0,
        frozen=record.node is None,
        signal=_optional(_value(own, "signal"), factor),
        fan_in=record.fan_in,
        weight_variance=_weight_variance(record, own),
        bias_variance=None if record.fan_in is None else _value(own, "bias") or 0.0,
        rms=_root(_value(own, "rms")),
        saturated=_value(own, "saturated"),
        sameness=_value(own, "sameness"),
        symmetry=_value(own, "symmetry"),
        update_ratio=_root(_value(own, "update")),
        **facts,
    )


def _weight_variance(record: Record, own: Numbers) -> float | None:
    square = _value(own, "weight")
    if square is None or not record.fan_in:
        return None
    return square / (record.weight_rows * record.fan_in)


def _activation(reader: Record) -> str | None:
    """The one function between; "linear" where a site reads another's output as it is."""
    if not reader.between:
        return "linear"
    return reader.between[0] if len(reader.between) == 1 and reader.between != ("add",) else None


def _parts(own: Numbers, reader: Record, other: Numbers) -> Parts | None:
    total = _difference(_value(own, "signal"), _value(other, "signal"))
    if reader.kind is Kind.block:
        branch, stream = _value(other, "branch"), _value(other, "stream")
        if branch is None or not stream:
            return None
        residual = 0.5 * math.log10(1 + branch / stream)
        return Parts(residual=residual, alignment=None if total is None else total - residual)
    weight = _value(other, "weight")
    if weight is None:
        return None
    weights = _decades(weight, 1 / reader.weight_rows)
    slopes = _optional(_value(other, "slopes"))
    normalization = _optional(_value(other, "normalization"))
    named = [p for p in (weights, slopes, normalization) if p is not None]
    rest = None if total is None or not all(map(math.isfinite, named)) else total - sum(named)
    return Parts(weights, slopes, normalization, None, rest)


def _difference(here: float | None, there: float | None) -> float | None:
    """log10(|delta| here / |delta| there); None where either is 0 or not finite."""
    if not here or not there or not (math.isfinite(here) and math.isfinite(there)):
        return None
    return 0.5 * math.log10(here / there)


def _value(numbers: Numbers, key: str) -> float | None:
    return float(numbers[key][0]) if key in numbers else None


def _decades(square: float, factor: float) -> float:
    """1/2 log10 of a square: -inf for 0, NaN where it is not finite."""
    if not math.isfinite(square):
        return math.nan
    return 0.5 * math.log10(square * factor) if square * factor > 0 else -math.inf


def _optional(square: float | None, factor: float = 1.0) -> float | None:
    return None if square is None else _decades(square, factor)


def _root(square: float | None) -> float | None:
    return None if square is None else math.sqrt(square) if square >= 0 else math.nan
