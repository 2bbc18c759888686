"""How far each site is from the loss: the longest path in the graph that autograd has built.

The order of calls would be wrong for branches.
"""

from collections.abc import Collection, Mapping, Sequence
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


def places(
    roots: Sequence[Node], sites: Mapping[Node, int], states: Collection[Node] = ()
) -> dict[int, Place]:
    """Return the place of each site that the losses depend on.

    `roots` are the losses' grad_fns; `sites` gives the number of the site that each node makes. A
    site that several nodes make is as deep as the deepest. Of these nodes, `states` are the last
    states of recurrent layers. Another recurrent layer that starts from one goes on in time and not
    in depth: both are equally deep.
    """
    recurrent = {sites[node] for node in states}
    depth: dict[Node, int] = dict.fromkeys(roots, 0)
    readers: dict[Node, frozenset[int]] = dict.fromkeys(roots, frozenset({LOSS}))
    found: dict[int, Place] = {}
    for node in _topological(roots):
        below, through = depth[node], readers[node]
        number = sites.get(node)
        if number is not None and through != {number}:  # a last state may be made of the output
            below -= node in states and through <= recurrent
            known = found.get(number, Place(below, through))
            both = (known.readers | through) - {number}
            found[number] = Place(max(known.depth, below), both)
            below, through = below + 1, frozenset({number})
        for child in _inputs(node):
            depth[child] = max(depth.get(child, 0), below)
            readers[child] = readers.get(child, frozenset()) | through
    return found


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
