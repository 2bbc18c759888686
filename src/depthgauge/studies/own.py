"""The user's own claims: a register outside the package, and functions that read its records."""

import importlib
import sys
from pathlib import Path

from depthgauge.claims.entries import document
from depthgauge.claims.named import functions
from depthgauge.claims.register import Register, load
from depthgauge.errors import ConfigError
from depthgauge.studies.registry import REGISTERS


def own_register(path: Path) -> Register:
    """Return the register in a file that may name our functions and those of the user's modules.

    Modules listed under `readers` are imported, from the working folder too. Raises ConfigError for
    a module that cannot be found, and for whatever `load` does not understand.
    """
    modules = document(path).get("readers", [])
    if not isinstance(modules, list) or not all(isinstance(name, str) for name in modules):
        raise ConfigError(f"{path.name}: `readers` is a list of modules, as in [my_readers]")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = [importlib.import_module(name) for name in modules]
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{path.name} lists under `readers` a module that cannot be imported: {error}"
        ) from None
    finally:
        sys.path.pop(0)
    known = {name: each for register in REGISTERS for name, each in register.readers.items()}
    return load(path, {**known, **functions(*found)})
