"""Print the claims of the last judgement: how many hold, fail and are open, then each of them.

  depthgauge claims                                   all of them
  depthgauge claims --verdict fails --verdict open
  depthgauge claims --source glorot study=glorot_error,glorot_init

A source is the first word of a claim's id; open is another word for inconclusive. The exit code
is 0 whatever the verdicts are: a claim that fails is a result.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depthgauge.claims.read import read_verdicts
from depthgauge.console.claims_table import show
from depthgauge.errors import ConfigError
from depthgauge.project import project_root

OPEN = {"open": "inconclusive"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge claims`."""
    parser.add_argument("--results", default="results", help="folder of claims.json")
    text = "only claims of this source, as in nielsen; repeat for several"
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help=text)
    parser.add_argument(
        "--verdict",
        choices=("holds", "fails", "inconclusive", "open"),
        action="append",
        default=[],
        help="only claims with this verdict; repeat for several",
    )


def run(arguments: argparse.Namespace) -> None:
    """Read results/claims.json and show what is asked for."""
    verdicts = read_verdicts(project_root() / Path(arguments.results) / "claims.json")
    chosen = _chosen(verdicts, "source", arguments.source)
    studies = arguments.values["study"].split(",") if "study" in arguments.values else []
    chosen = _chosen(chosen, "study", studies)
    wanted = [OPEN.get(each, each) for each in arguments.verdict]
    show([each for each in chosen if not wanted or each["verdict"] in wanted], len(verdicts))


def _chosen(
    verdicts: Sequence[dict[str, Any]], key: str, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the verdicts whose `key` is among `names`, all if there are none.

    Raises ConfigError for a name that no verdict has.
    """
    if not names:
        return list(verdicts)
    known = list(dict.fromkeys(_value(each, key) for each in verdicts))
    for name in names:
        if name not in known:
            given = f"study={name}" if key == "study" else f"--source {name}"
            raise ConfigError(f"{given}: the claims here have {', '.join(known) or 'none'}")
    return [each for each in verdicts if _value(each, key) in names]


def _value(verdict: dict[str, Any], key: str) -> str:
    return verdict["id"].split(".")[0] if key == "source" else verdict[key]
