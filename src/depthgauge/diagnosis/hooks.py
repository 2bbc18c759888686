"""A hook that a look puts on a module; a copy of the network gets one that does nothing."""

from collections.abc import Callable
from typing import Any


class Hook:
    """Calls `act` with what was given here, then with what torch gives; returns what it returns."""

    def __init__(self, act: Callable[..., Any], *given: Any) -> None:
        self._act, self._given = act, given

    def __call__(self, *args: Any) -> Any:
        """Do it."""
        return self._act(*self._given, *args)

    def __reduce__(self) -> tuple:
        """Neither copies nor pickles keep what reads the step."""
        return Inert, ()


class Inert:
    """What a copied network has in place of a hook."""

    def __call__(self, *args: Any) -> None:
        """Do nothing."""
