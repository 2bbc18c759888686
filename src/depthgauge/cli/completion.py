"""Print a script that completes commands, options, keys and their values when TAB is pressed.

  depthgauge completion bash > ~/.local/share/bash-completion/completions/depthgauge
  depthgauge completion zsh > DIR/_depthgauge          (DIR is in $fpath; then compinit)
  depthgauge completion fish > ~/.config/fish/completions/depthgauge.fish

Commands and options are part of the script: print it again after an update. The words after `train`
and `status` are completed by Hydra, from the pages of the project that the shell is in.
"""

import argparse
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module

from depthgauge.cli.main import COMMANDS, HYDRAS, KEYS
from depthgauge.config import Config
from depthgauge.project import project_root

KEYED = " ".join((*HYDRAS, *KEYS))

BASH = """
_depthgauge() {
    local typed="${COMP_LINE:0:COMP_POINT}" command="${COMP_WORDS[1]}" word before found
    local flags='FLAGS'
    word="${typed##*[[:space:]]}"; before="${typed%"$word"}"
    _shtab_depthgauge
    if [[ " KEYED " == *" $command "* && "$word" != -* ]] && (( COMP_CWORD > 1 )) \\
            && [[ ! "$before" =~ [[:space:]]-[^[:space:]]+[[:space:]]+$ || "$before" =~ $flags ]]
    then
        found="$(depthgauge completion bash --line "$typed" --names NAMES 2>/dev/null)"
        COMPREPLY=($(compgen -W "$found" -- "$word"))
        [[ "${COMPREPLY[0]}" == *[=./] ]] && compopt -o nospace 2>/dev/null
        if [[ "$COMP_WORDBREAKS" == *=* ]]; then  # bash replaces what follows = alone
            COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
        fi
    fi
}
complete -o default -F _depthgauge depthgauge
"""

ZSH = """
functions -c _shtab_depthgauge _depthgauge_options
_shtab_depthgauge() {
    local word="$words[CURRENT]" before="${(j: :)words[1,CURRENT-1]} "
    if (( CURRENT > 2 )) && [[ " KEYED " == *" $words[2] "* && "$word" != -* ]] \\
            && [[ "$words[CURRENT-1]" != -* || "$before" =~ 'FLAGS' ]]; then
        compadd -Q -S '' -- \\
            ${(f)"$(depthgauge completion zsh --line "$before$word" --names NAMES 2>/dev/null)"}
    else
        _depthgauge_options "$@"
    fi
}
"""

FISH = """
function _depthgauge_words
    depthgauge completion fish --line (commandline -cp | string collect) --names NAMES 2>/dev/null
end
complete -c depthgauge -n '__fish_seen_subcommand_from KEYED' -f -a '(_depthgauge_words)'
"""

FLAGS = "(-m|--multirun|--dry-run|--json|--yes|--resolve) +$"
"""Options that take no value: a key may follow."""

SHELLS = ("bash", "fish", "zsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shell, and what its script asks when TAB is pressed."""
    parser.add_argument("shell", choices=SHELLS)
    parser.add_argument("--line", help=argparse.SUPPRESS)
    parser.add_argument("--names", nargs="*", default=[], help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> None:
    """Print the script; with --line, the words that may end this command line."""
    if arguments.line is None:
        print(script(arguments.shell))
        return
    pairs = (word.partition("=") for word in arguments.names)
    names = {key: values.split(",") for key, _, values in pairs}
    print(*offered(arguments.line, names), sep="\n")


def script(shell: str) -> str:
    """Return shtab's script for commands and options, with our function for other words."""
    import shtab

    parser = argparse.ArgumentParser(prog="depthgauge")
    parser.add_argument("-V", "--version", action="version", help="print the version and exit")
    commands = parser.add_subparsers()
    for name, summary in COMMANDS.items():
        command, module = (
            commands.add_parser(name, help=summary),
            import_module(f"depthgauge.cli.{name}"),
        )
        if hasattr(module, "add_arguments"):
            module.add_arguments(command)
    names = " ".join(f"{key}={','.join(values)}" for key, values in names_of_keys().items())
    before, after = {"bash": ("", BASH), "zsh": (ZSH, ""), "fish": ("", FISH)}[shell]
    found = shtab.complete(parser, shell, preamble=before) + after
    return found.replace("KEYED", KEYED).replace("NAMES", names).replace("FLAGS", FLAGS)


def names_of_keys() -> dict[str, list[str]]:
    """Return the allowed values of each key that is not a config group of Hydra's.

    Looking them up imports PyTorch, so the script contains them.
    """
    from depthgauge.datasets.prepared import SPLITS
    from depthgauge.nets.costs import COSTS
    from depthgauge.nets.initializers import INITIALIZERS
    from depthgauge.theory import ACTIVATIONS
    from depthgauge.training.procedures import PROCEDURES

    tables = {"activation": ACTIVATIONS, "init": INITIALIZERS, "cost": COSTS, "split": SPLITS}
    named = {key: list(table) for key, table in {**tables, "procedure": PROCEDURES}.items()}
    return {**dict(_choices("", Config())), **named}


def _choices(above: str, settings: object) -> Iterator[tuple[str, list[str]]]:
    """Yield each dotted key whose value is a choice of an Enum, or true or false."""
    for each in fields(settings) if is_dataclass(settings) else ():
        value, key = getattr(settings, each.name), above + each.name
        if isinstance(value, Enum):
            yield key, [str(choice.value) for choice in type(value)]
        elif isinstance(value, bool):
            yield key, ["true", "false"]
        else:
            yield from _choices(f"{key}.", value)


def offered(line: str, names: dict[str, list[str]]) -> list[str]:
    """Return the key=value words that may end a command line; `names` are values by key."""
    _, command, *words = line.split()
    words += [""] * line[-1].isspace()
    key, equals, value = words[-1].partition("=")
    before = value[: value.rfind(",") + 1]
    if command in HYDRAS and key not in names:
        asked = f"{key}{equals}{value.removeprefix(before)}"
        found = _hydras([*words[:-1], asked])
        if before:
            return [f"{key}={before}{each.partition('=')[2]}" for each in found]
        return found if equals else sorted({*found, *(f"{each}=" for each in names)})
    if equals:
        pages = sorted(path.stem for path in (project_root() / "conf" / key).glob("*.yaml"))
        return [f"{key}={before}{name}" for name in names.get(key) or pages]
    return [f"{each}=" for each in KEYS[command]]


def _hydras(words: Sequence[str]) -> list[str]:
    """Return what Hydra offers for the last word; nothing where the others do not compose."""
    from depthgauge.cli.hydra_words import offer_models_to, option_of, ordered
    from depthgauge.cli.train import run_hydra

    hydras = ordered(words)
    options = [
        part
        for name in ("--config-dir", "-cd", "--config-name", "-cn")
        if (value := option_of(hydras, name)) is not None
        for part in (name, value)
    ]
    keys = [word for word in words[:-1] if "=" in word and not word.startswith("-")]
    printed = io.StringIO()
    os.environ["COMP_LINE"] = " ".join(["train", *keys, words[-1]])
    with suppress(Exception), redirect_stdout(printed), redirect_stderr(io.StringIO()):
        os.chdir(project_root())
        offer_models_to(hydras)
        run_hydra([*options, "-sc", "query=fish"], lambda _: None)
    return printed.getvalue().split()
