"""Functions and rules that entries of a register name, with their arguments."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

from depthgauge.errors import ConfigError


class Named(NamedTuple):
    """What an entry asks for: `name`, or {name: {argument: value}}."""

    name: str
    arguments: dict[str, Any]


def functions(*modules: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the public functions that the modules define, as module.function."""
    return {
        f"{module.__name__.rsplit('.', 1)[-1]}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def asked(value: Any, where: str) -> Named:
    """Return the name and the arguments that an entry gives."""
    if isinstance(value, str):
        return Named(value, {})
    if isinstance(value, dict) and len(value) == 1:
        name, arguments = next(iter(value.items()))
        if isinstance(name, str) and isinstance(arguments, dict):
            return Named(name, arguments)
    raise ConfigError(f"{where} takes a name, or one name with its arguments: {{name: {{key: 1}}}}")


def reader(
    known: Mapping[str, Callable[..., Any]], value: Any, takes: str, returns: Any, where: str
) -> Callable[..., Any]:
    """Return the function that `value` asks for, its arguments filled in.

    Its first parameter is called `takes`, and it returns `returns`. Raises ConfigError otherwise.
    """
    name, arguments = asked(value, where)
    fitting = {key: each for key, each in known.items() if _fits(each, takes, returns)}
    if name not in fitting:
        raise ConfigError(f"{where} names {name}, which is none of {', '.join(sorted(fitting))}")
    function = fitting[name]
    call(partial(function, None), arguments, f"{where} {name}", only_check=True)
    return partial(function, **arguments) if arguments else function


def call(
    function: Callable[..., Any], arguments: dict[str, Any], where: str, only_check: bool = False
) -> Any:
    """Call `function` with arguments by name; raises ConfigError where they do not fit it."""
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from None
    return None if only_check else function(**arguments)


def _fits(function: Callable[..., Any], takes: str, returns: Any) -> bool:
    signature = inspect.signature(function)
    first = next(iter(signature.parameters), "")
    return first == takes and signature.return_annotation == returns
