"""Print the table of claims of the last judgement, and where its report is.

depthgauge claims
"""

import argparse
import json

from depthgauge.errors import DataError
from depthgauge.stages.judge import show
from depthgauge.stages.root import project_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge claims`."""
    parser.add_argument("--results", default="results", help="folder of claims.json")


def run(arguments: argparse.Namespace) -> None:
    """Read results/claims.json and show it."""
    path = project_root() / arguments.results / "claims.json"
    try:
        verdicts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"no claims at {path}; run `depthgauge judge` or `dvc repro`") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); run `depthgauge judge` again") from error
    show(verdicts)
