"""See why deep networks are hard to train, in the classic studies and in your own grids."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from depthgauge.errors import DepthgaugeError
from depthgauge.stages.interruption import Terminated, terminable

STAGES = {
    "fetch": "download and verify raw data sets",
    "prepare": "turn raw data into the arrays that training reads",
    "train": "run a study: a grid of cells, each over many seeds",
    "judge": "hold the published claims against the records",
    "report": "draw every figure and write results/report.html",
    "track": "bring finished records and figures into MLflow",
    "claims": "print the table of claims again",
}

EXIT_CODES = """exit codes: 0 done, 1 a cell failed or something unforeseen, 2 a wrong key, value
or option, 3 data missing or damaged, 4 something the machine lacks, 5 tracking unavailable,
130 interrupted (Ctrl-C), 143 terminated: what is finished is kept, repeat the command"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one stage; a foreseeable mistake ends in one sentence and its exit code."""
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
        print("depthgauge: terminated; repeat the command to go on", file=sys.stderr)
        raise
    except BrokenPipeError:  # somebody piped us into `head`
        sys.stderr.close()
        raise SystemExit(1) from None


def _run(words: list[str]) -> None:
    if not words or words[0] not in STAGES:
        _overview().parse_args(words or ["--help"])
    stage = importlib.import_module(f"depthgauge.stages.{words[0]}")
    parser = argparse.ArgumentParser(
        prog=f"depthgauge {words[0]}",
        description=stage.__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    stage.add_arguments(parser)
    parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="settings, as in dataset=mnist seeds=4"
    )
    stage.run(parser.parse_intermixed_args(words[1:]))


def _overview() -> argparse.ArgumentParser:
    stages = "\n".join(f"  {name:<9}{summary}" for name, summary in STAGES.items())
    parser = argparse.ArgumentParser(
        prog="depthgauge",
        description=f"{__doc__}\n\nstages:\n{stages}\n\n`depthgauge STAGE --help` explains one.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=list(STAGES), metavar="STAGE")
    return parser
