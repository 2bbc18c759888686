"""Hooks that a look puts on modules and tensors; copies of a network get hooks that do nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from depthgauge.diagnosis.readings import Kind
from depthgauge.diagnosis.record import Record


class Reader(Protocol):
    """What reads a training step."""

    def forward_called(
        self, hook: "SiteHook", module: nn.Module, args: Sequence[Any], kwargs: Mapping, output: Any
    ) -> None:
        """Read one output of a site."""
        ...

    def entered(self, module: nn.Module, args: Sequence[Any]) -> Any:
        """Return the arguments of a recurrent module, or None to leave them as they are."""
        ...

    def delta_came(self, record: Record, delta: Tensor) -> None:
        """Read the gradient of a site's output."""
        ...

    def time_came(self, module: nn.Module, delta: Tensor) -> None:
        """Read the gradient of a recurrent module's input."""
        ...


class SiteHook:
    """A site's forward hook."""

    def __init__(self, reader: Reader, name: str, kind: Kind) -> None:
        self.reader, self.name, self.kind = reader, name, kind

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Return None: anything else would replace the output."""
        self.reader.forward_called(self, module, args, kwargs, output)

    def __reduce__(self) -> tuple:
        """Neither copies nor pickles keep the reader."""
        return Inert, ()


class EntryHook:
    """A recurrent module's forward pre-hook."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def __call__(self, module: nn.Module, args: Any) -> Any:
        """Return the same input, with a gradient to read if it had none."""
        return self.reader.entered(module, args)

    def __reduce__(self) -> tuple:
        """Neither copies nor pickles keep the reader."""
        return Inert, ()


class Inert:
    """What a copied network has in place of a hook."""

    def __call__(self, *args: Any) -> None:
        """Do nothing."""


class DeltaHook:
    """Reads the gradient of a site's output."""

    def __init__(self, reader: Reader, record: Record) -> None:
        self.reader, self.record = reader, record

    def __call__(self, delta: Tensor) -> None:
        """Return None: anything else would replace the gradient."""
        self.reader.delta_came(self.record, delta)


class TimeHook:
    """Reads the gradient of a recurrent module's input."""

    def __init__(self, reader: Reader, module: nn.Module) -> None:
        self.reader, self.module = reader, module

    def __call__(self, delta: Tensor) -> None:
        """Return None: anything else would replace the gradient."""
        self.reader.time_came(self.module, delta)
