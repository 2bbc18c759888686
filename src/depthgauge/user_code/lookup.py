"""A user's function found by its import path, and what is wrong with it in one sentence."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from depthgauge.errors import ConfigError


@dataclass(frozen=True)
class UserFunction:
    """A callable that a key names by its import path."""

    key: str
    path: str
    value: Callable[..., Any]

    def wrong(self, what: str) -> ConfigError:
        """Return an error that names the function, its file and its line."""
        return ConfigError(f"{self.key}={self.path} ({self.place}) {what}")

    @property
    def place(self) -> str:
        """File and line, as in my_package/elu.py, line 12."""
        inner = inspect.unwrap(self.value)
        code = getattr(inner, "__code__", None)
        if code is not None:
            return f"{code.co_filename}, line {code.co_firstlineno}"
        module = sys.modules.get(self.path.rpartition(".")[0])
        return str(getattr(module, "__file__", None) or "built in")

    @contextmanager
    def reported(self, doing: str, *passed_on: type[Exception]) -> Iterator[None]:
        """Turn what the function raises into a ConfigError, but for errors `passed_on`."""
        try:
            yield
        except (ConfigError, *passed_on):
            raise
        except Exception as error:
            raise ConfigError(
                f"{self.key}={self.path} raises {_said(error)} ({_raised_at(error, self.place)})"
                f" {doing}; correct it there"
            ) from error


def is_path(name: str) -> bool:
    """Return whether a name is an import path: names of this package have no dot."""
    return "." in name


def find(key: str, path: str) -> UserFunction:
    """Import what `path` names, as package.module.function.

    Raises ConfigError where it is not found, cannot be imported or is not callable.
    """
    if not all(part.isidentifier() for part in path.split(".")):
        raise ConfigError(
            f"{key}={path} is not an import path; give names with dots between, as in"
            " my_package.module.function"
        )
    name, _, function = path.rpartition(".")
    module = _imported(key, path, name)
    file = getattr(module, "__file__", None) or name
    if not hasattr(module, function):
        raise ConfigError(f"{key}={path}: {file} has no {function}; correct the name")
    value = getattr(module, function)
    if not callable(value):
        raise ConfigError(
            f"{key}={path}: {function} in {file} is of type {type(value).__name__}, and a function"
            " is needed"
        )
    return UserFunction(key, path, value)


def _imported(key: str, path: str, name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ConfigError(f"{key}={path}: {_not_found(error.name)}") from None
        raise _unimportable(key, path, error) from error
    except Exception as error:  # whatever the user's module does as it is imported
        raise _unimportable(key, path, error) from error


def _unimportable(key: str, path: str, error: Exception) -> ConfigError:
    if isinstance(error, SyntaxError):
        at = f"{error.filename}, line {error.lineno}"
        return ConfigError(f"{key}={path}: {at} is not valid Python ({error.msg}); correct it")
    at = _raised_at(error, path)
    return ConfigError(f"{key}={path} cannot be imported: {_said(error)} ({at}); correct it there")


def _not_found(module: str) -> str:
    """Say which module is missing, or which one of another kind has its package's name."""
    above = module.rpartition(".")[0]
    spec = find_spec(above) if above else None
    if spec is not None:
        where = spec.origin or ", ".join(spec.submodule_search_locations or [])
        return f"{above} ({where}) has no module {module.rpartition('.')[2]}; correct the name"
    return (
        f"there is no module {module} in {Path.cwd()}, in the folders of hydra.searchpath or"
        " --config-dir, or on PYTHONPATH; correct the name, or start where the module lies"
    )


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _raised_at(error: Exception, otherwise: str) -> str:
    """Return file and line of the innermost call outside of installed packages and of Python."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__).parents[1])
    own = [
        each
        for each in frames
        if not each.filename.startswith((ours, "<"))
        and "site-packages" not in each.filename
        and not each.filename.startswith(str(Path(importlib.__file__).parents[1]))
    ]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else otherwise
