"""The description, parameters and data of a run in MLflow."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from depthgauge.tracking.store import Store
from depthgauge.tracking.sweep import Cell, Sweep

if TYPE_CHECKING:
    from mlflow.entities import Run

STUDY, SCALE, DATA = "depthgauge.study", "depthgauge.scale", "depthgauge.data"
"""Tags of parents and children: the study, its scale, the hash of the prepared data."""

DESCRIPTION = "mlflow.note.content"
"""MLflow's tag of a run or an experiment: Markdown above all else on its page."""

FIRST = ("question", "source", "claims")
"""Entries of a page that come first."""

RATE = "learning_rate"

CUT = "... (whole in config.json)"


def describe_parent(store: Store, run_id: str, sweep: Sweep) -> None:
    """Write the sweep's notebook page as its description; its data; what all cells share."""
    from mlflow.entities import Param, RunTag

    tags = {
        STUDY: sweep.study,
        SCALE: sweep.scale,
        DATA: ", ".join(sorted({cell.data["hash"] for cell in sweep.cells})),
        DESCRIPTION: page(sweep.notebook),
    }
    store.client.log_batch(
        run_id,
        params=[Param(key, value) for key, value in shared(sweep.cells).items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    _log_data(store, run_id, sweep.cells)


def describe_child(store: Store, run_id: str, sweep: Sweep, cell: Cell) -> None:
    """Write the data set that the cell is trained on, its parameters and, last, its tags."""
    from mlflow.entities import Param, RunTag

    _log_data(store, run_id, [cell])
    store.client.log_batch(
        run_id,
        params=[Param(key, value) for key, value in _parameters(cell).items()],
        tags=[RunTag(key, value) for key, value in _child_tags(sweep, cell).items()],
    )


def is_described(run: "Run", sweep: Sweep, cell: Cell) -> bool:
    """Return whether a child is described already: its tags are written last."""
    return _child_tags(sweep, cell).items() <= run.data.tags.items()


def _child_tags(sweep: Sweep, cell: Cell) -> dict[str, str]:
    return {STUDY: sweep.study, SCALE: sweep.scale, DATA: cell.data["hash"]}


def describe_results(store: Store, run_id: str, sweep: Sweep, table: str) -> None:
    """Write a table of the sweep's cells into the parent's description.

    Above the study's page: MLflow shows the first lines of a long description.
    """
    store.client.set_tag(run_id, DESCRIPTION, f"{table}\n\n{page(sweep.notebook)}")


def varied(cells: Sequence[Cell]) -> list[str]:
    """Return the names of the parameters that differ between cells."""
    found = [_parameters(cell) for cell in cells]
    names = dict.fromkeys(name for each in found for name in each)
    return [name for name in names if len({each.get(name) for each in found}) > 1]


def shared(cells: Sequence[Cell]) -> dict[str, str]:
    """Return the parameters that are the same in all cells, by which sweeps can be filtered.

    And of the learning rates all that there are.
    """
    first, differ = _parameters(cells[0]), varied(cells)
    rates = dict.fromkeys(_parameters(cell)[RATE] for cell in cells)
    same = {name: value for name, value in first.items() if name not in differ}
    return same | {RATE: ", ".join(rates)}


def _parameters(cell: Cell) -> dict[str, str]:
    return parameters({RATE: cell.learning_rate, **cell.params})


def _log_data(store: Store, run_id: str, cells: Sequence[Cell]) -> None:
    """Write the data sets of the cells, each once, as the run's inputs."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE

    inputs = []
    for name, digest in dict.fromkeys((cell.data["name"], cell.data["hash"]) for cell in cells):
        source = json.dumps({"uri": name if "." in name else f"data/prepared/{name}.safetensors"})
        data = Dataset(name, digest[:MAX_DATASET_DIGEST_SIZE], "local", source)
        inputs.append(DatasetInput(data, [InputTag("mlflow.data.context", "training")]))
    store.client.log_inputs(run_id, inputs)


def parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """Return nested settings as MLflow shows them: `gradients.every` -> "100".

    MLflow would silently cut a value that is too long for it; here the cut is marked.
    """
    from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH

    flat: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{below}": text for below, text in parameters(value).items()}
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        too_long = len(text) > MAX_PARAM_VAL_LENGTH
        flat[key] = text[: MAX_PARAM_VAL_LENGTH - len(CUT)] + CUT if too_long else text
    return flat


def page(notebook: Mapping[str, Any]) -> str:
    """Return a study's notebook page as Markdown, one line for each entry, the question first."""
    keys = dict.fromkeys([key for key in FIRST if key in notebook] + list(notebook))
    return "\n".join(f"- **{key}**: {_line(notebook[key])}" for key in keys)


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
