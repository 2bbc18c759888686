"""What is known of one output of a site while its training step runs."""

from dataclasses import dataclass, field, replace

from torch import Tensor, nn
from torch.autograd.graph import Node

from depthgauge.diagnosis.readings import Kind

_BACKWARD = frozenset({"signal", "branch", "stream", "time"})
"""Numbers that a backward pass gives."""


@dataclass(eq=False)
class Record:
    """Tensors stay where they are until the look ends; then one copy brings all of them."""

    module: nn.Module
    name: str
    kind: Kind
    units: int
    unit_dim: int
    """The dimension of the output that counts its units."""
    examples: int
    node: Node | None
    """The node of autograd's graph that made the output; None where it carries no gradient."""
    states: tuple[Node, ...] = ()
    """Those that made a recurrent layer's last states, which may be read instead of its output."""
    numbers: dict[str, Tensor] = field(default_factory=dict)
    """Scalars, or vectors for "alive" and "time"."""
    activated: bool = False
    """Whether an activation was applied to the output."""
    source: "Record | None" = None
    """The site that the input comes from, by way of known functions alone."""
    between: tuple[str, ...] = ()
    """Those functions."""
    entry: Node | None = None
    """The node that made a block's input."""
    weight_rows: int = 0
    fan_in: int | None = None
    keeps_delta: bool = False
    delta: Tensor | None = None
    """Kept for a residual block only, until the delta of its input is there."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All that made something which other layers may read."""
        return self.states if self.node is None else (self.node, *self.states)

    def unread(self) -> "Record":
        """Return what the forward pass gave, for another backward pass to read."""
        numbers = {k: v for k, v in self.numbers.items() if k not in _BACKWARD}
        return replace(self, numbers=numbers, keeps_delta=False, delta=None)

    def put(self, key: str, value: Tensor | None) -> None:
        """Keep a number; None is left out."""
        if value is not None:
            self.numbers[key] = value.detach()
