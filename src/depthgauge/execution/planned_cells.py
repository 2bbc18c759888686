"""Planned cells as files of a sweep's folder, from the process that plans to those that train.

Launchers hand words to their processes, which compose them again, possibly after a page was
edited. What is trained is the cell that was planned, found by the words of its job. A sweeper that
proposes trials while it runs plans nothing: there each process notes the trial that it trains.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from depthgauge.config import Config, plain
from depthgauge.errors import ConfigError
from depthgauge.files import write_text
from depthgauge.planning.command import folder_of, words_of

TRIALS = "trials"


@dataclass(frozen=True)
class CellFile:
    """A cell as it was planned."""

    study: str
    words: tuple[str, ...]
    """Of its job."""
    config: Config
    """With the device that it was planned for."""
    keys: tuple[str, ...]
    """Of its blocks."""
    runs: Path
    """The folder that names the MLflow runs."""


def write_planned(folder: Path, notes: Sequence[CellFile]) -> str:
    """Write planned cells to `folder` for the processes that train them; return the file's name.

    The name follows from the words, so that two commands of one sweep do not disturb each other.
    """
    words = json.dumps([note.words for note in notes])
    name = f"planned-{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"
    write_text(folder / name, json.dumps([_written(note) for note in notes]))
    return name


def read_planned(config: DictConfig) -> CellFile:
    """Return the cell planned for the job that Hydra runs now.

    Raises ConfigError where there is none.
    """
    path = folder_of(config) / config.hydra.sweeper.plan
    try:
        return _planned(path, path.stat().st_mtime_ns)[tuple(words_of(config))]
    except (FileNotFoundError, KeyError):
        raise ConfigError(
            f"{path} does not say what was planned for this job; repeat the command"
        ) from None


@lru_cache(maxsize=1)
def _planned(path: Path, _changed: int) -> dict[tuple[str, ...], CellFile]:
    """Read once a process what holds every cell: thousands of cells would read it as often."""
    notes = map(_read, json.loads(path.read_text(encoding="utf-8")))
    return {note.words: note for note in notes}


def write_trial(config: DictConfig, note: CellFile) -> None:
    """Write which trial a process trains."""
    number = config.hydra.job.get("num", 0)
    write_text(folder_of(config) / TRIALS / f"{number}.json", json.dumps(_written(note)))


def trials(config: DictConfig) -> list[CellFile]:
    """Return the trials of a sweep, in the order of their jobs; one that was repeated once."""
    paths = sorted((folder_of(config) / TRIALS).glob("*.json"), key=lambda path: int(path.stem))
    notes = [_read(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return list({note.keys: note for note in notes}.values())


def remove_trials(config: DictConfig) -> None:
    """Remove the notes that an earlier sweep left in the same folder."""
    for path in (folder_of(config) / TRIALS).glob("*.json"):
        with suppress(FileNotFoundError):
            path.unlink()


def _written(note: CellFile) -> dict[str, Any]:
    return {**plain(note), "runs": str(note.runs)}


def _read(content: Mapping[str, Any]) -> CellFile:
    """Undo `_written`. Whoever trains compares the keys, which follow from every setting."""
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), content["config"]))
    assert isinstance(config, Config)
    words, keys = tuple(content["words"]), tuple(content["keys"])
    return CellFile(content["study"], words, config, keys, Path(content["runs"]))
