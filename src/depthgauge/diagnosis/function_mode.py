"""Seeing the functions of torch that a training step calls, beside modes of the user's own.

torch keeps one stack of function modes per thread, and leaving a mode takes off whatever is on top.
`with torch.device(...)` is such a mode: one of ours that was entered inside the user's `with` would
be taken off at its end, and the user's would stay. So ours is entered only where the user has none
open that was not open from the start, and left only where it is on top.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any

from torch.overrides import TorchFunctionMode, handle_torch_function, has_torch_function

Seen = Callable[[Callable[..., Any], Sequence[Any], Mapping[str, Any]], Any]
"""Called in place of a function of torch, with it and its arguments; returns its value."""


class FunctionMode(TorchFunctionMode):
    """Hands functions of torch to `seen`; while that is None, it just calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Seen | None = None
        self._entered = False
        self._outer = _open_modes()

    def enter(self) -> bool:
        """Enter; return False where a mode of the user's is open that may end before ours."""
        if not self._entered and _open_modes() <= self._outer:
            self._entered = True
            self.__enter__()
        return self._entered

    def leave(self) -> None:
        """Leave; below a mode of the user's, stay without effect until a later call."""
        self.seen = None
        if self._entered and not self._modes_above():
            self._entered = False
            self.__exit__(None, None, None)

    def suspended(self, act: Callable[..., Any], *args: Any) -> Any:
        """Call a function of ours without seeing what it calls: much quicker."""
        return handle_torch_function(self._call, (), act, *args) if _active() else act(*args)

    def _call(self, act: Callable[..., Any], *args: Any) -> Any:
        return act(*args)

    def _modes_above(self) -> int:
        """How many modes were entered after this one."""
        above = handle_torch_function(self._modes_above, ()) if _active() else 0
        return above + 1

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping | None = None
    ) -> Any:
        """Call `seen`, or the function itself."""
        if isinstance(func, MethodType):  # not torch's: those are functions and descriptors
            if func == self._modes_above:
                return -1
            if func == self._call:
                return func(*args, **(kwargs or {}))
        if self.seen is None:
            return func(*args, **(kwargs or {}))
        return self.seen(func, args, kwargs or {})


def _active() -> bool:
    """Whether any function mode is; of an empty tuple torch says no, whatever is active."""
    return has_torch_function((None,))


def _open_modes() -> int:
    """How many modes are open: each hands the call to the one below."""
    return handle_torch_function(_open_modes, ()) + 1 if _active() else 0
