"""See why deep networks are hard to train, in the classic studies and in your own grids."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from types import ModuleType

from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.signals import Terminated, terminable

COMMANDS = {
    "init": "write a small project into a new folder",
    "diagnose": "say where a network of your own loses its signal, why, and what helps",
    "fetch": "download and verify raw data sets",
    "prepare": "turn raw data into the arrays that training reads",
    "forget": "let the pipeline go on without an extra data set",
    "train": "run a study: a grid of cells, each over many seeds",
    "judge": "hold the published claims against the records",
    "report": "draw every figure and write results/report.html",
    "track": "bring finished records and figures into MLflow",
    "claims": "print the table of claims again",
    "status": "say what is done, running, failed or to do, and how long it takes",
    "compare": "say what differs between two results, beyond chance",
    "show": "draw a contact sheet of a data set",
    "prune": "say how much disk the cells use, and remove those no study refers to",
    "completion": "print the completion of words for a shell",
}

KEYED = ("fetch", "prepare", "forget", "train", "status", "show")
"""Commands that take key=value words."""

CHOOSING = {"claims": ("study",), "track": ("study",), "prune": ("scale",)}
"""Commands that take these keys alone, as study=NAME or study=NAME,NAME."""

CONFIG_KEYS = ("study", "scale", "dataset")
"""Written key=value with every command, never as an option."""

PIPELINE = (
    *("PIL", "altair", "dvc", "filelock", "grimp", "hydra", "hydra_plugins", "jaxtyping", "mlflow"),
    *("numba", "omegaconf", "psutil", "pypi_simple", "pytorch_lightning", "pytorch_optimizer"),
    *("requests", "rich", "safetensors", "sklearn", "threadpoolctl", "tqdm", "urllib3"),
    *("vl_convert", "xarray", "yaml"),
)
"""What the extra `pipeline` installs, by the names that are imported."""

EXIT_CODES = """exit codes: 0 done, 1 a cell failed, two results differ, a fault was found or
something unforeseen,
2 a wrong key, value or option, 3 data missing or damaged, 4 something the machine lacks,
5 tracking unavailable, 130 interrupted (Ctrl-C), 143 terminated, 129 by a terminal
that was closed: what is finished is kept, repeat the command"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a foreseeable mistake ends in one sentence and its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with terminable():
            _run(words)
    except DepthgaugeError as error:
        print(f"depthgauge: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("depthgauge: interrupted; repeat the command to go on", file=sys.stderr)
        raise SystemExit(130) from None
    except Terminated:
        with suppress(OSError):  # a terminal that was closed
            print("depthgauge: terminated; repeat the command to go on", file=sys.stderr)
        raise
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in PIPELINE:
            raise
        print(
            f"depthgauge: this command needs the package {error.name}, which the extra `pipeline`"
            " brings: `pip install 'depthgauge[pipeline]'`",
            file=sys.stderr,
        )
        raise SystemExit(ResourceError.exit_code) from None
    except BrokenPipeError:  # somebody piped us into `head`
        sys.stderr.close()
        raise SystemExit(1) from None


def _run(words: list[str]) -> None:
    if words in (["--version"], ["-V"]):
        print(f"depthgauge {version('depthgauge')}")
        return
    if not words or words[0] not in COMMANDS:
        _overview().parse_args(words or ["--help"])
    name = words[0]
    command = importlib.import_module(f"depthgauge.cli.{name}")
    if name == "train" and not {"-h", "--help"} & set(words):  # Hydra reads the words itself
        command.run_words(chosen(name, words[1:]))
        return
    found = parser_of(name, command).parse_intermixed_args(chosen(name, words[1:]))
    for word in found.overrides:
        key, _, value = word.partition("=")
        if key != "overrides" and key in vars(found):
            raise ConfigError(f"{word}: this is an option of {name}; write --{key} {value}")
    if found.overrides and name not in KEYED:
        keys = ", ".join(f"{key}=" for key in CHOOSING.get(name, ())) or "no key=value"
        raise ConfigError(
            f"{found.overrides[0]} will not do: {name} takes {keys}; its options are in"
            f" `depthgauge {name} --help`"
        )
    command.run(found)


def chosen(name: str, words: Sequence[str]) -> list[str]:
    """Return words with the keys of CHOOSING as the options that the command's parser knows.

    Raises ConfigError for a key of the config that is written as an option.
    """
    found: list[str] = []
    for place, word in enumerate(words):
        option, _, value = word.partition("=")
        if option.removeprefix("--") in CONFIG_KEYS and option.startswith("--"):
            given = value or "".join(words[place + 1 : place + 2]) or "NAME"
            key = option.removeprefix("--")
            raise ConfigError(f"{option} is a key, not an option: write {key}={given}")
        if option in CHOOSING.get(name, ()):
            found += [part for each in value.split(",") for part in (f"--{option}", each)]
        else:
            found.append(word)
    return found


def parser_of(name: str, command: ModuleType) -> argparse.ArgumentParser:
    """Return the parser of one command, whose module describes itself."""
    parser = argparse.ArgumentParser(
        prog=f"depthgauge {name}",
        description=command.__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    keys = "settings, as in dataset=mnist seeds=4" if name in KEYED else argparse.SUPPRESS
    # with a default, argparse does not name it among what is required
    parser.add_argument("overrides", nargs="*", default=[], metavar="key=value", help=keys)
    return parser


def _overview() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<12}{summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="depthgauge",
        description=f"{__doc__}\n\ncommands:\n{commands}\n\nSee `depthgauge COMMAND --help`.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND")
    return parser
