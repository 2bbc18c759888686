"""One backward pass of a look: the sites that it reaches, and where they are in its graph."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.depth import LOSS, Place, adds_identity, places
from depthgauge.diagnosis.loss_reading import LossFacts, LossReading
from depthgauge.diagnosis.readings import Kind
from depthgauge.diagnosis.record import Record


@dataclass(eq=False)
class Pass:
    """One backward pass and the sites it reached."""

    numbers: dict[str, Tensor]
    """Its loss, and what else of it is known: "guessing", "input_sameness"."""
    facts: LossFacts
    records: list[Record]
    places: Mapping[int, Place]
    copies: Mapping[Record, Record]
    """Of records that an earlier pass has read too, the ones that this pass reads."""
    arrivals: list[tuple[Record, int]] = field(default_factory=list)
    """Each record, and which of its outputs, in the order in which their deltas came."""
    optimizer: int = -1
    """Which one stepped after it; -1 before any has."""

    @property
    def examples(self) -> int:
        """Examples of the batch."""
        return next(r.examples for r in self.records)

    @property
    def names(self) -> list[str]:
        """The sites' names; a module's second call and later ones are numbered."""
        calls: Counter[str] = Counter()
        names = []
        for record in self.records:
            calls[record.name] += 1
            call = calls[record.name]
            names.append(record.name if call == 1 else f"{record.name} (call {call})")
        return names


def start_pass(
    losses: Sequence[Tensor],
    used: Sequence[Record],
    fresh: Sequence[Record],
    reading: LossReading,
    input_sameness: Tensor | None,
) -> Pass:
    """Return the pass that begins at `losses`, with the records it reaches and fresh frozen ones.

    Records that an earlier pass has used are reached again where losses of a shared trunk go
    backward one after another.
    """
    roots = [each.grad_fn for each in losses if each.grad_fn is not None]
    seen = [*used, *fresh]
    sites = {node: i for i, r in enumerate(seen) for node in r.nodes}
    outputs = {r.node for r in seen}

    def onward(node: Node, reader: int) -> bool:
        """Whether a recurrent layer starts from another's last state, or a cell from its own."""
        one, other = seen[sites[node]], seen[reader]
        if reader == LOSS or other.kind is not Kind.recurrent:
            return False
        own = isinstance(one.module, nn.RNNCellBase) and other.module is one.module
        return own or (node in one.states and node not in outputs)

    found = places(roots, sites, onward)
    frozen = [i for i, r in enumerate(seen) if r.node is None and i >= len(used)]
    kept = sorted([*found, *frozen])
    renumber = {old: new for new, old in enumerate(kept)}
    place = {
        renumber[i]: Place(p.depth, frozenset(renumber.get(j, j) for j in p.readers))
        for i, p in found.items()
    }
    copies = {seen[i]: seen[i].unread() for i in kept if i < len(used)}
    records = [copies.get(seen[i], seen[i]) for i in kept]
    for record in records:
        if record.source in copies:
            record.source = copies[record.source]
    _find_residuals(records)
    facts = reading.facts(roots[0]) if len(roots) == 1 else LossFacts()
    loss = torch.stack([each.detach().sum().to(losses[0].device) for each in losses]).sum()
    numbers = {"loss": loss, "guessing": facts.guessing, "input_sameness": input_sameness}
    known = {key: each.detach() for key, each in numbers.items() if each is not None}
    return Pass(known, facts, records, place, copies)


def _find_residuals(records: Sequence[Record]) -> None:
    """Mark blocks that add something to their input: their deltas are kept for a while."""
    by_node = {r.node: r for r in records if r.node is not None}
    for record in records:
        if record.kind is not Kind.block or record.node is None or record.entry is None:
            continue
        source = by_node.get(record.entry)
        if source is None or source.node is None:
            continue
        if adds_identity(record.node, source.node):
            record.source, record.between, record.keeps_delta = source, ("add",), True


def read_delta(current: Pass, record: Record, delta: Tensor, output: int = 0) -> None:
    """Read a delta as it passes by; of a tensor's several deltas, the first.

    A recurrent layer's signal is the sum over its outputs: all steps, and the last states.
    """
    record = current.copies.get(record, record)
    if (record, output) in current.arrivals:
        return
    current.arrivals.append((record, output))
    square, before = statistics.square(delta), record.numbers.get("signal")
    record.put("signal", square if before is None else before + square)
    if record.keeps_delta:
        record.delta = delta.detach().clone()
    for other in current.records:
        if other.keeps_delta and other.source is record and other.delta is not None:
            if other.delta.shape == delta.shape:
                other.put("branch", statistics.square(delta - other.delta))
                other.put("stream", statistics.square(other.delta))
            other.delta = None
