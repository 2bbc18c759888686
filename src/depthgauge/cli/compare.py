"""Show what changed between two results, beyond chance.

  depthgauge compare OLD/claims.json results/claims.json
  git show HEAD:results/claims.json | depthgauge compare - results/claims.json
  depthgauge compare OLD/build/nielsen_accuracy build/nielsen_accuracy     two studies
  depthgauge compare OLD/000.safetensors build/nielsen_accuracy/000.safetensors
  depthgauge compare OLD/build build                                      every study in both

Claims: a number has changed beyond chance if two independent runs of the same experiment rarely
differ as much, given the values of their seeds; p values are adjusted for the number of claims
(Holm), so 1 comparison in 20 reports a change where there is none. A claim on one side only,
another verdict and another rule are changes, too.

Records: bit for bit first. What differs is tested against the spread of the seeds, at every step,
layer and variable of a study at once: seeds are permuted between the sides, and a difference is
beyond chance if fewer than 1 permutation in 20 gives one as large anywhere (max T). Seeds that
both sides have are compared in pairs. Each side needs at least 4 seeds to show a change. A cell or
variable on one side only is a change, too.

exit code 0: nothing changed beyond chance; 1: something did.
"""

import argparse
from pathlib import Path

from depthgauge.errors import ConfigError, DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two sides."""
    for name, meaning in (("first", "before"), ("second", "after")):
        text = f"{meaning}: claims.json (- for stdin), a record, a study's folder, or all of them"
        parser.add_argument(name, metavar="A" if name == "first" else "B", help=text)


def run(arguments: argparse.Namespace) -> None:
    """Compare both sides and end with exit code 1 if something changed.

    Raises DataError if a side is missing or damaged, ConfigError if their kinds differ.
    """
    first, second = arguments.first, arguments.second
    kind, other = _kind(first), _kind(second)
    if kind != other:
        raise ConfigError(f"{first} is {kind} and {second} is {other}: give two of one kind")
    if kind == CLAIMS:
        changed = _claims(first, second)
    elif kind == STUDIES:
        changed = _studies(Path(first), Path(second))
    else:
        changed = _study(Path(first), Path(second), "", 1)
    raise SystemExit(1 if changed else 0)


CLAIMS, RECORD = "a list of claims", "a record"
STUDY, STUDIES = "the folder of a study", "a folder of studies"


def _kind(side: str) -> str:
    path = Path(side)
    if side != "-" and not path.exists():
        raise DataError(
            f"{side} does not exist; give two claims.json, records or folders of records"
        )
    if path.is_dir():
        if any(path.glob("*.safetensors")):
            return STUDY
        if any(path.glob("*/*.safetensors")):
            return STUDIES
        raise DataError(
            f"{side} contains neither records nor folders of records; run `depthgauge train`"
        )
    return RECORD if path.suffix == ".safetensors" else CLAIMS


def _claims(first: str, second: str) -> bool:
    from depthgauge.claims.read import read_verdicts
    from depthgauge.comparison.verdicts import changes
    from depthgauge.console.comparison_table import show_claims

    one, two = read_verdicts(first), read_verdicts(second)
    return show_claims(changes(one, two), len(one), len(two))


def _studies(first: Path, second: Path) -> bool:
    names = [
        {path.parent.name for path in side.glob("*/*.safetensors")} for side in (first, second)
    ]
    both = sorted(names[0] & names[1])
    changed = [_study(first / name, second / name, name, len(both)) for name in both]
    for name in sorted(names[0] ^ names[1]):
        print(f"{name}: only in {first if name in names[0] else second}")
    return any(changed) or names[0] != names[1]


def _study(first: Path, second: Path, title: str, studies: int) -> bool:
    """Compare two records or studies; `studies` is how many are compared at once."""
    from depthgauge.comparison.records import compare
    from depthgauge.console.comparison_table import show_records
    from depthgauge.studies.judged_records import read_records

    sides = [read_records(path) for path in (first, second)]
    return show_records(compare(sides[0], sides[1], studies), title)
