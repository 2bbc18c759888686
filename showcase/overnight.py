"""Train what decides most in a night on two cores; keep what is finished, and judge it as it is.

    python showcase/overnight.py           again: it goes on where it stopped
    python showcase/overnight.py --keep    train nothing: keep and judge what is finished
    python showcase/overnight.py --judge   judge once more what is kept, as after a change of a rule

docs/overnight.md says what is trained, and how long it takes. What is finished goes to
results/overnight: the records, where they come from (origins.json), and what became of the claims
about them (claims.json). These files are for git; `dvc repro` neither needs nor renews them.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from depthgauge.claims.judging import judge
from depthgauge.claims.rates import SEARCHED, chosen_rate, final_errors
from depthgauge.cli.judge import as_json
from depthgauge.execution.assemble import assemble
from depthgauge.files import write_text
from depthgauge.planning.plan import plan
from depthgauge.provenance.ledger import origins, settled
from depthgauge.records import read_study, write
from depthgauge.store.state import CELLS
from depthgauge.studies.registry import CLAIMS
from depthgauge.training.cell import finished

RATES = ("study=glorot_error", "scale=overnight_rates", "dataset=mnist")
"""Stage 1: every rate of every model of Table 1, one seed, a fifth of the updates."""

ERRORS = ("study=glorot_error", "scale=overnight", "dataset=mnist")
"""Stage 2: each model at the rate that stage 1 chose on the validation images, five seeds."""

STREAM = (
    "study=glorot_saturation",
    "scale=overnight",
    "model=sigmoid_4_slow,tanh,tanh_n,softsign,softsign_n",
)
"""Figs. 2 to 4, 9 to 11 on the endless stream of Shapeset, up to a million examples."""

KEPT = Path("results/overnight")


def main(arguments: Sequence[str]) -> None:
    """Train stage after stage, keeping what is finished after each."""
    if "--judge" in arguments:
        write_verdicts(KEPT)
        return
    if "--keep" not in arguments:
        train(RATES)
        train([*ERRORS, *choices(done(RATES))])
        keep()
        train(STREAM)
    keep()


def train(words: Sequence[str]) -> None:
    """Train a grid on all cores; ends the program with the command's status where it fails."""
    program = Path(sys.executable).with_name("depthgauge")
    ended = subprocess.run([program, "train", *words, "hydra/launcher=joblib"], check=False)
    if ended.returncode:
        sys.exit(ended.returncode)


def done(words: Sequence[str]) -> list[xr.Dataset]:
    """Return the record of each cell of a grid whose blocks are all finished."""
    study = words[0].removeprefix("study=")
    whole = [
        each
        for each in plan([*words, "out=null"])
        if all(finished(CELLS, block) for block in each.cell.blocks)
    ]
    return assemble(study, whole) if whole else []


def choices(records: Sequence[xr.Dataset]) -> list[str]:
    """Return overrides that give each model the rate with the least validation error."""
    return [
        f"++models.{record.attrs['axes']['model']}.learning_rate="
        f"[{chosen_rate(final_errors(record), record.attrs['label']):g}]"
        for record in records
    ]


def keep(folder: Path = KEPT) -> None:
    """Write records, origins and verdicts of what is finished; the rest of `folder` stays."""
    rates = done(RATES)
    grids = {record.attrs["axes"]["model"]: sorted(final_errors(record)) for record in rates}
    records = {"glorot_error": done([*ERRORS, *choices(rates)]) if rates else []}
    for record in records["glorot_error"]:
        record.attrs[SEARCHED] = grids[record.attrs["axes"]["model"]]
    records["glorot_saturation"] = done(STREAM)
    records = {study: cells for study, cells in records.items() if cells}
    if not records:
        print("no cell of the second or third stage is finished, so nothing is kept")
        return
    for study, cells in records.items():
        for cell in cells:
            write(cell, folder / "records" / study / f"{cell.attrs['position']:03d}.safetensors")
    found = origins(folder / "records", records, CELLS)
    settled(found, folder / "records", folder / "origins.json")
    write_verdicts(folder)


def write_verdicts(folder: Path) -> None:
    """Write what becomes of the claims about the kept records."""
    write_text(folder / "claims.json", as_json(verdicts(folder / "records")))


def verdicts(folder: Path) -> list[dict]:
    """Return what becomes of the claims that the records in `folder` are about."""
    records = {each.name: read_study(each) for each in sorted(folder.iterdir()) if each.is_dir()}
    sets = {
        (study, cell.attrs["data"]["name"]) for study, cells in records.items() for cell in cells
    }
    return judge(records, [claim for claim in CLAIMS if (claim.study, claim.dataset) in sets])


if __name__ == "__main__":
    main(sys.argv[1:])
