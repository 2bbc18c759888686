"""Train what decides most in a night on two cores, or in minutes on a GPU; keep and judge it.

    python showcase/overnight.py           again: it goes on where it stopped
    python showcase/overnight.py --keep    train nothing: keep and judge what is finished
    python showcase/overnight.py --judge   judge once more what is kept, as after a change of a rule
    python showcase/overnight.py tracking=false       hands words on to `depthgauge train`

docs/overnight.md says what is trained, and how long it takes. Finished networks go to
results/overnight: the records, those of the search for rates (rates/), where they come from
(origins.json), how far each stage came (progress.json), and what became of the claims about them
(claims.json). These files are for git; `dvc repro` neither needs nor renews them.
"""

import json
import subprocess
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import xarray as xr

from depthgauge.claims.claim import Claim
from depthgauge.claims.judging import judge
from depthgauge.claims.rates import SEARCHED, chosen_rate, final_errors
from depthgauge.cli.judge import as_json
from depthgauge.errors import DataError
from depthgauge.execution.assemble import assemble
from depthgauge.files import write_text
from depthgauge.planning.plan import Planned, plan
from depthgauge.provenance.ledger import origins, settled
from depthgauge.records import read_study, write
from depthgauge.store.state import CELLS
from depthgauge.studies.registry import CLAIMS
from depthgauge.training.cell import finished

STREAM = (
    "study=glorot_saturation",
    "scale=overnight",
    "model=sigmoid_4_slow,tanh,tanh_n,softsign,softsign_n",
)
"""Stage 1, the shortest: Figs. 2 to 4, 9 to 11 on Shapeset's stream, up to a million examples."""

RATES = ("study=glorot_error", "scale=overnight_rates", "dataset=mnist")
"""Stage 2: every rate of every model of Table 1, one seed, a fifth of the updates."""

ERRORS = ("study=glorot_error", "scale=overnight", "dataset=mnist")
"""Stage 3: each model at the rate that stage 2 chose on the validation images, five seeds."""

KEPT = Path("results/overnight")


def main(arguments: Sequence[str]) -> None:
    """Train stage after stage, keeping what is finished after each."""
    if "--judge" in arguments:
        write_verdicts(KEPT)
        return
    more = [word for word in arguments if "=" in word]
    if "--keep" not in arguments:
        train([*STREAM, *more])
        keep()
        found = rate_searches()
        if not all(each.axes["model"] in found for each in plan_of(RATES)):
            train([*RATES, *more])
            keep()
        train([*ERRORS, *choices(rate_searches()), *more])
    keep()


def train(words: Sequence[str]) -> None:
    """Train a grid on the GPU, or on all cores; exit with the command's status if it fails."""
    program = Path(sys.executable).with_name("depthgauge")
    launcher = "basic" if torch.cuda.is_available() else "joblib"  # one process a GPU
    ended = subprocess.run([program, "train", *words, f"hydra/launcher={launcher}"], check=False)
    if ended.returncode:
        sys.exit(ended.returncode)


def plan_of(words: Sequence[str]) -> list[Planned]:
    """Return the cells of a stage; none, and why, where its data set is not prepared yet."""
    try:
        return plan([*words, "out=null"])  # no record is written to build/
    except DataError as reason:
        print(f"{' '.join(words)}: {reason}")
        return []


def with_finished_blocks(planned: Planned) -> Planned:
    """Return a cell with those of its networks alone that are finished."""
    blocks = [block for block in planned.cell.blocks if finished(CELLS, block)]
    return replace(planned, cell=replace(planned.cell, blocks=blocks))


def is_finished(planned: Planned) -> bool:
    """Return whether all networks of a cell are finished."""
    return len(with_finished_blocks(planned).cell.blocks) == len(planned.cell.blocks)


def records_of(stage: Sequence[Planned]) -> list[xr.Dataset]:
    """Return the record of each cell that has a finished network, with its finished ones."""
    begun = [each for each in map(with_finished_blocks, stage) if each.cell.blocks]
    return assemble(begun[0].study, begun) if begun else []


def rate_searches(folder: Path = KEPT) -> dict[str, xr.Dataset]:
    """Return the record of each model whose rates were all tried, here or as kept, by model."""
    kept = read_study(folder / "rates") if (folder / "rates").is_dir() else []
    found = records_of([each for each in plan_of(RATES) if is_finished(each)])
    return {record.attrs["axes"]["model"]: record for record in [*kept, *found]}


def choices(searches: Mapping[str, xr.Dataset]) -> list[str]:
    """Return overrides that give each model the rate with the least validation error."""
    return [
        f"++models.{model}.learning_rate=[{chosen_rate(final_errors(record), model):g}]"
        for model, record in searches.items()
    ]


def keep(folder: Path = KEPT) -> None:
    """Write records, origins, progress and verdicts; what else is in `folder` stays."""
    searches = rate_searches(folder)
    errors = plan_of([*ERRORS, *choices(searches)]) if searches else []
    errors = [each for each in errors if each.axes["model"] in searches]
    stream = plan_of(STREAM)
    records = {
        "glorot_saturation": records_of(stream),
        "glorot_error": records_of(errors),
    }
    for record in records["glorot_error"]:
        record.attrs[SEARCHED] = sorted(final_errors(searches[record.attrs["axes"]["model"]]))
    records = {study: cells for study, cells in records.items() if cells}
    if not records:
        print("no network of the first or third stage is finished, so nothing is kept")
        return
    kept = {f"records/{study}": cells for study, cells in records.items()}
    for place, cells in {**kept, "rates": searches.values()}.items():
        for cell in cells:
            write(cell, folder / place / f"{cell.attrs['position']:03d}.safetensors")
    found = origins(folder / "records", records, CELLS)
    settled(found, folder / "records", folder / "origins.json")
    came = {
        "stream": progress(stream),
        "rates": progress(plan_of(RATES), searches),
        "errors": progress(errors),
    }
    write_text(folder / "progress.json", json.dumps(came, indent=1) + "\n")
    write_verdicts(folder)


def progress(stage: Sequence[Planned], whole: Container[str] = ()) -> dict[str, str]:
    """Return how many networks of each cell are finished, as in "2 of 3"; `whole`: models."""
    return {
        each.label: f"{networks(each if each.axes['model'] in whole else done)} of {networks(each)}"
        for each, done in ((each, with_finished_blocks(each)) for each in stage)
    } or {"all": "not begun"}


def networks(planned: Planned) -> int:
    """Return how many networks the blocks of a cell hold."""
    return sum(len(block.replicas) for block in planned.cell.blocks)


def write_verdicts(folder: Path) -> None:
    """Write what becomes of the claims about the kept records."""
    write_text(folder / "claims.json", as_json(verdicts(folder / "records")))


def verdicts(folder: Path) -> list[dict]:
    """Return what becomes of the night's claims, with the records in `folder`."""
    return judge({each.name: read_study(each) for each in sorted(folder.glob("*"))}, claims())


def claims() -> list[Claim]:
    """Return the claims that a finished night is about; those of no record yet say so."""
    models = next(word for word in STREAM if word.startswith("model=")).removeprefix("model=")
    return [
        claim
        for claim in CLAIMS
        if (claim.study, claim.dataset) == ("glorot_error", "mnist")
        or (
            claim.study == "glorot_saturation"
            and all(cell["model"] in models.split(",") for cell in claim.cells)
        )
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
