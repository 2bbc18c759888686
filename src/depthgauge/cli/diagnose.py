"""Find where your own network loses its learning signal, why, and what helps.

TARGET is `package.module:function`, a function without arguments that returns (net, loss, batches)
or (net, loss, batches, optimizer): see docs/diagnosis.md. The exit code is 1 if a fault
was found.
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from depthgauge.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("target", metavar="TARGET", help="package.module:function")
    parser.add_argument("--steps", default="0,100", help="steps to look at (0,100)")
    parser.add_argument("--seeds", type=int, default=5, help="initializations to train (5)")
    parser.add_argument(
        "--try", dest="tries", action="store_true", help="try each named remedy, on the same seeds"
    )
    parser.add_argument(
        "--remedy",
        action="append",
        default=[],
        metavar="NAME",
        help="try this remedy, such as 'layer normalization'; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the HTML page to FILE")


def run(options: argparse.Namespace) -> None:
    """Diagnose, print, and exit with 1 where there is a fault."""
    steps, make = steps_of(options.steps), load(options.target)
    from depthgauge.diagnosis.factory import diagnose
    from depthgauge.diagnosis.verdicts import faults

    diagnosis = diagnose(make, steps, options.seeds, options.tries, options.remedy)
    print(diagnosis.as_json(indent=1) if options.json else diagnosis)
    if options.page:
        diagnosis.page(options.page)
    if faults(diagnosis.verdicts):
        raise SystemExit(1)


def steps_of(text: str) -> list[int]:
    """Read "0,100"; raises ConfigError for anything but numbers from 0 up."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise ConfigError(f"--steps {text}: expected step numbers, as in --steps 0,100")
    return sorted({int(word) for word in words})


def load(target: str) -> Callable[[], Any]:
    """Import package.module:function, also from the current folder; raises ConfigError."""
    module_name, _, name = target.partition(":")
    parts = module_name.split(".")
    if not name or not all(map(str.isidentifier, parts)) or module_name.endswith(".py"):
        raise ConfigError(f"{target}: expected package.module:function, as in my_nets.mlp:make")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigError(
                f"{module_name} imports {error.name}, which is not installed"
            ) from error
        raise ConfigError(
            f"there is no module {error.name} in {Path.cwd()} or among the installed packages"
        ) from error
    except SystemExit as error:
        raise ConfigError(
            f"importing {module_name} ended the program (exit code {error.code}): put what is to"
            ' run as a script under if __name__ == "__main__":'
        ) from error
    except Exception as error:
        raise ConfigError(
            f"importing {module_name} raised {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        own = [key for key, value in vars(module).items() if _is_function_of(value, module_name)]
        known = f"; it has {', '.join(own)}" if own else ""
        raise ConfigError(f"{module_name} has no function {name}{known}")
    return found


def _is_function_of(value: object, module_name: str) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module_name
