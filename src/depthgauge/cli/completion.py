"""Print a script that completes commands, options, keys and their values when TAB is pressed.

  depthgauge completion bash > ~/.local/share/bash-completion/completions/depthgauge
  depthgauge completion zsh > DIR/_depthgauge          (DIR is in $fpath; then compinit)
  source <(depthgauge completion bash)                 (for this shell alone)

It is made from the commands and the keys of a study as they are now; studies and data sets are
looked up in conf/ of the project that the shell is in. Print it again after an update.
"""

import argparse
import importlib
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from depthgauge.cli.completion_scripts import BASH, PAGES, ZSH
from depthgauge.cli.main import CHOOSING, COMMANDS, KEYED, parser_of

GROUPS = ("hydra/launcher", "trainer", "callbacks", "logger")
"""Config groups beside studies and data sets."""

SHELLS = {"bash": ("", BASH), "zsh": ("#compdef depthgauge\n", ZSH)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shell."""
    parser.add_argument("shell", choices=list(SHELLS))


def run(arguments: argparse.Namespace) -> None:
    """Print the script."""
    first, last = SHELLS[arguments.shell]
    print(first + tables() + PAGES + last, end="")


def tables() -> str:
    """Return the functions that print the words there are."""
    parsers = {
        name: parser_of(name, importlib.import_module(f"depthgauge.cli.{name}"))
        for name in COMMANDS
    }
    choices = {
        f"{name} {word}": [str(each) for each in action.choices]
        for name, parser in parsers.items()
        for action in parser._actions
        for word in action.option_strings
        if action.choices
    }
    return "\n".join(
        (
            f"_depthgauge_commands() {{ echo {shlex.join(COMMANDS)}; }}",
            _case("_depthgauge_options", {name: _options(each) for name, each in parsers.items()}),
            _case(
                "_depthgauge_words", {name: _words(name, each) for name, each in parsers.items()}
            ),
            _case(
                "_depthgauge_values",
                {**key_values(), **choices},
                {"study": "study", "dataset": "dataset"},
            ),
        )
    )


def _words(name: str, parser: argparse.ArgumentParser) -> list[str]:
    """Return what may follow a command beside its options: keys, or the choices of its argument."""
    if name in CHOOSING:
        return [f"{key}=" for key in CHOOSING[name]]
    if name in KEYED:
        own = getattr(importlib.import_module(f"depthgauge.cli.{name}"), "KEYS", None)
        return [f"{key}=" for key in own or (*study_keys(), "study", *GROUPS)]
    free = [action.choices for action in parser._actions if not action.option_strings]
    return [str(each) for choices in free if choices for each in choices]


def study_keys() -> Iterator[str]:
    """Yield every key of a study that a command line may set, those of sections dotted."""
    from depthgauge.config import Config

    yield from (key for key, _ in _leaves("", Config()))


def key_values() -> dict[str, list[str]]:
    """Return the values of keys that take a name, and of the commands' own."""
    from depthgauge.cli.prune import SCALES
    from depthgauge.config import Config
    from depthgauge.datasets.prepared import SPLITS
    from depthgauge.nets.costs import COSTS
    from depthgauge.nets.initializers import INITIALIZERS
    from depthgauge.theory import ACTIVATIONS
    from depthgauge.training.procedures import PROCEDURES

    found = {key: _choices(value) for key, value in _leaves("", Config())}
    return {
        **{key: choices for key, choices in found.items() if choices},
        "scale": list(SCALES),
        "activation": list(ACTIVATIONS),
        "init": list(INITIALIZERS),
        "cost": list(COSTS),
        "procedure": list(PROCEDURES),
        "split": list(SPLITS),
        "hydra/launcher": ["basic", "joblib", "submitit_local", "slurm"],
        "callbacks": ["default", "none", "summary"],
        "logger": ["csv", "none"],
        "trainer": ["default"],
    }


def _leaves(prefix: str, config: Any) -> Iterator[tuple[str, Any]]:
    """Yield dotted keys with their values; the tables of a page are no keys of a command line."""
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            if each.name == "dataset":
                yield "dataset", None
            yield from _leaves(f"{prefix}{each.name}.", value)
        elif not isinstance(value, dict):
            yield f"{prefix}{each.name}", value


def _choices(value: Any) -> list[str]:
    if isinstance(value, Enum):
        return [str(each.value) for each in type(value)]
    return ["true", "false"] if isinstance(value, bool) else []


def _options(parser: argparse.ArgumentParser) -> list[str]:
    shown = (action for action in parser._actions if action.help != argparse.SUPPRESS)
    return [word for action in shown for word in action.option_strings]


def _case(
    name: str, words: Mapping[str, Iterable[str]], pages: Mapping[str, str] | None = None
) -> str:
    """Return a function that prints the words of its first argument."""
    lines = [f"        {shlex.quote(each)}) echo {shlex.join(words[each])} ;;" for each in words]
    for each, group in (pages or {}).items():
        lines.append(f"        {shlex.quote(each)}) _depthgauge_pages {group} ;;")
    return "\n".join((f"{name}() {{", '    case "$1" in', *lines, "    esac", "}", ""))
