"""One backward pass of a look: the sites that it reaches, and where they are in its graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.depth import Place, adds_identity, places
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
    arrivals: list[Record] = field(default_factory=list)
    """In the order in which their deltas came."""
    optimizer: int = -1
    """Which one stepped after it; -1 before any has."""

    @property
    def examples(self) -> int:
        """Examples of the batch."""
        return next(r.examples for r in self.records)


def start_pass(
    loss: Tensor, seen: Sequence[Record], losses: LossReading, input_sameness: Tensor | None
) -> Pass:
    """Return the pass that begins at `loss`, with the records it reaches and the frozen ones."""
    root = loss.grad_fn
    if root is None:
        raise ValueError("a loss without a graph has no backward pass")
    found = places(root, {r.node: i for i, r in enumerate(seen) if r.node is not None})
    kept = [i for i, r in enumerate(seen) if i in found or r.node is None]
    renumber = {old: new for new, old in enumerate(kept)}
    place = {
        renumber[i]: Place(p.depth, frozenset(renumber.get(j, j) for j in p.readers))
        for i, p in found.items()
    }
    records = [seen[i] for i in kept]
    _find_residuals(records)
    facts = losses.facts(root)
    numbers = {"loss": loss, "guessing": facts.guessing, "input_sameness": input_sameness}
    known = {key: each.detach() for key, each in numbers.items() if each is not None}
    return Pass(known, facts, records, place)


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


def read_delta(current: Pass, record: Record, delta: Tensor) -> None:
    """Read a delta as it passes by; of a tensor's several deltas, the first."""
    if record in current.arrivals:
        return
    current.arrivals.append(record)
    record.put("signal", statistics.square(delta))
    if record.keeps_delta:
        record.delta = delta.detach().clone()
    for other in current.records:
        if other.keeps_delta and other.source is record and other.delta is not None:
            if other.delta.shape == delta.shape:
                other.put("branch", statistics.square(delta - other.delta))
                other.put("stream", statistics.square(other.delta))
            other.delta = None
