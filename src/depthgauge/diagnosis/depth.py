"""How far each site is from the loss: the longest path in the graph that autograd has built.

The order of calls would be wrong for branches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch.autograd.graph import Node

LOSS = -1
"""Stands for the loss among the readers of a site."""


@dataclass(frozen=True)
class Place:
    """Where one site is in the graph."""

    depth: int
    """Sites on the longest path to the loss."""
    readers: frozenset[int]
    """Sites reached from here, toward the loss, with no other site between; LOSS for the loss."""


Onward = Callable[[Node, int], bool]
"""Whether the reader of what a node makes goes on in time and not in depth."""


def places(
    roots: Sequence[Node], sites: Mapping[Node, int], onward: Onward = lambda node, reader: False
) -> dict[int, Place]:
    """Return the place of each site that the losses depend on.

    `roots` are the losses' grad_fns; `sites` gives the number of the site that each node makes. A
    site that several nodes make is as deep as the deepest. A site is one deeper than its reader, or
    as deep where the reader goes `onward`.
    """
    # the readers of what each node makes, with their depths
    depths: dict[Node, dict[int, int]] = {root: {LOSS: -1} for root in roots}
    found: dict[int, Place] = {}
    for node in _topological(roots):
        below, number = depths[node], sites.get(node)
        if number is not None and below.keys() != {number}:  # a state may be made of the output
            levels = {r: d + (not onward(node, r)) for r, d in below.items() if r != number}
            known = found.get(number, Place(0, frozenset()))
            depth = max(known.depth, *levels.values())
            found[number] = Place(depth, known.readers.union(levels))
            below = {number: depth}
        for child in _inputs(node):
            depths[child] = _deeper(depths[child], below) if child in depths else below
    return found


def _deeper(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    """The readers of both, each with its greater depth."""
    if one.items() >= other.items():
        return one
    return {r: max(one.get(r, d), other.get(r, d)) for r, d in (other | one).items()}


def _inputs(node: Node) -> list[Node]:
    return [child for child, _ in node.next_functions if child is not None]


def _topological(roots: Sequence[Node]) -> list[Node]:
    """All nodes, each after everything that reads it (Kahn's algorithm, no recursion)."""
    waiting: dict[Node, int] = dict.fromkeys(roots, 0)
    stack = list(waiting)
    while stack:
        for child in _inputs(stack.pop()):
            if child not in waiting:
                waiting[child] = 0
                stack.append(child)
            waiting[child] += 1
    order, ready = [], [node for node, count in waiting.items() if count == 0]
    while ready:
        order.append(node := ready.pop())
        for child in _inputs(node):
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return order


def adds_identity(output: Node, source: Node) -> bool:
    """Return whether `output` is `source` plus something: a path of additions alone joins them."""
    if output is source:
        return False
    stack, seen = [output], {output}
    while stack:
        node = stack.pop()
        if node is source:
            return True
        if node.name().startswith("Add"):
            children = [each for each in _inputs(node) if each not in seen]
            stack.extend(children)
            seen.update(children)
    return False
