"""Find out why a deep network is hard to train: your own, or those of two classic texts."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

from depthgauge import __version__
from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.signals import Terminated, terminable

COMMANDS = {
    "init": "write a small project into a new folder",
    "diagnose": "find where your own network loses its signal, why, and what helps",
    "fetch": "download and verify raw data sets",
    "prepare": "turn raw data into the arrays that training reads",
    "forget": "remove an extra data set from the pipeline",
    "train": "run a study: a grid of cells, each over many seeds",
    "judge": "test the published claims against the records",
    "report": "draw every figure and write results/report.html",
    "track": "import finished records and figures into MLflow",
    "claims": "print the table of judged claims",
    "status": "show what is done, running, failed or to do, and the time left",
    "compare": "show what differs between two results beyond chance",
    "show": "draw a contact sheet of a data set",
    "prune": "show the disk space of cells, and remove those that no study uses",
    "completion": "print a completion script for a shell",
}

HYDRAS = ("train", "status")
"""Commands whose key=value words Hydra composes a study from."""

KEYS = {
    "fetch": ("dataset", "file", "sha256"),
    "prepare": ("dataset", "unreadable"),
    "forget": ("dataset",),
    "show": ("dataset", "split", "samples"),
    "claims": ("study",),
    "track": ("study",),
    "prune": ("scale",),
}
"""The keys of the other commands that take key=value words."""

CONFIG_KEYS = ("study", "scale", "dataset")
"""Written key=value with every command, never as an option."""

PIPELINE = (
    *("PIL", "altair", "dvc", "filelock", "grimp", "hydra", "hydra_plugins", "jaxtyping", "mlflow"),
    *("numba", "omegaconf", "psutil", "pypi_simple", "pytorch_lightning", "pytorch_optimizer"),
    *("requests", "rich", "safetensors", "shtab", "sklearn", "threadpoolctl", "tqdm", "urllib3"),
    *("vl_convert", "xarray", "yaml"),
)
"""What the extra `pipeline` installs, by the names that are imported."""

EXIT_CODES = """exit codes: 0 success; 1 a cell failed, two results differ, a fault was found, or an
unexpected error; 2 invalid key, value or option; 3 data missing or damaged; 4 the machine
lacks something (a GPU, disk space, permissions); 5 tracking unavailable; 130 interrupted
(Ctrl-C), 143 terminated, 129 terminal closed: finished work is kept, repeat the command"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a foreseeable error ends as one sentence with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with terminable():
            _run(words)
    except DepthgaugeError as error:
        print(f"depthgauge: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("depthgauge: interrupted; repeat the command to continue", file=sys.stderr)
        raise SystemExit(130) from None
    except Terminated:
        with suppress(OSError):  # a terminal that was closed
            print("depthgauge: terminated; repeat the command to continue", file=sys.stderr)
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
    except BrokenPipeError:  # piped into `head`
        sys.stderr.close()
        raise SystemExit(1) from None


def _run(words: list[str]) -> None:
    if words in (["--version"], ["-V"]):
        print(f"depthgauge {__version__}")
        return
    if not words or words[0] not in COMMANDS:
        _overview().parse_args(words or ["--help"])
    name = words[0]
    _require_no_keys_as_options(words)
    command = importlib.import_module(f"depthgauge.cli.{name}")
    if name == "train" and not {"-h", "--help"} & set(words):  # Hydra reads the words itself
        command.run_words(words[1:])
        return
    found = parser_of(name, command).parse_intermixed_args(words[1:])
    for word in found.overrides:
        key, _, value = word.partition("=")
        if key != "overrides" and key in vars(found):
            raise ConfigError(f"{word}: this is an option of {name}; write --{key} {value}")
    if name not in HYDRAS:
        found.values = values_of(name, found.overrides)
    command.run(found)


def _require_no_keys_as_options(words: Sequence[str]) -> None:
    for place, word in enumerate(words):
        option, _, value = word.partition("=")
        key = option.removeprefix("--")
        if key in CONFIG_KEYS and option != key:
            given = value or "".join(words[place + 1 : place + 2]) or "NAME"
            raise ConfigError(f"{option} is a key, not an option: write {key}={given}")


def values_of(name: str, words: Sequence[str]) -> dict[str, str]:
    """Return key -> value of a command's key=value words; ConfigError for one it does not take."""
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or key not in KEYS.get(name, ()):
            keys = ", ".join(f"{known}=VALUE" for known in KEYS.get(name, ())) or "no key=value"
            raise ConfigError(
                f"unknown word {word!r}: {name} takes {keys}; see `depthgauge {name} --help`"
            )
        if key in values:
            raise ConfigError(f"{key} is given twice; give it once, as in {key}=A,B for several")
        values[key] = value
    return values


def parser_of(name: str, command: ModuleType) -> argparse.ArgumentParser:
    """Return the parser of one command, whose module describes itself."""
    parser = argparse.ArgumentParser(
        prog=f"depthgauge {name}",
        description=command.__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if hasattr(command, "add_arguments"):
        command.add_arguments(parser)
    keyed = name in HYDRAS or name in KEYS
    keys = "settings, as in dataset=mnist seeds=4" if keyed else argparse.SUPPRESS
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
