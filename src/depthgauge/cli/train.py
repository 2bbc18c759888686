"""Run a study: every cell of its grid, each over many seeds. A Hydra application.

  depthgauge train study=nielsen_accuracy scale=smoke
  depthgauge train study=nielsen_accuracy hidden=[30],[30,30] seeds=4 scale=smoke
  depthgauge train study=nielsen_accuracy hydra/launcher=joblib    (on all cores)
  depthgauge train study=glorot_error scale=paper hydra/launcher=slurm   (a job per cell)
  depthgauge train study=nielsen_accuracy +experiment=dense,float64
  depthgauge train study=nielsen_accuracy --cfg job          (print the config, train nothing)

A study's page, conf/study/NAME.yaml, holds its question, grid and protocol at each scale. An axis
given here (key=a,b,c) replaces the page's own and keeps the others. Finished cells are skipped, so
an interrupted command continues where it stopped. Networks are computed and kept in blocks of
`cpu_replicas` (16): if seeds are added, full blocks are kept and a last, partial one is redone.
All of Hydra's options work: --cfg, --info, --config-dir, -m ... (--hydra-help lists them).
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb

import hydra
from hydra.errors import HydraException
from hydra.types import TaskFunction
from omegaconf import DictConfig

from depthgauge.cli.hydra_words import SHOWS, offer_models_to, ordered
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.planning import compose  # registers our schema, sweeper and resolvers  # noqa: F401
from depthgauge.planning.command import GRID_SWEEPER, Command, command
from depthgauge.planning.hydra_errors import refusal, refusals
from depthgauge.planning.study_file import study_of
from depthgauge.project import project_root
from depthgauge.user_code.search_path import search_in

TRIALS = "hydra.core.utils"
"""Module through which an error of a trial comes, whatever process it was trained in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge train` for its help and for TAB; Hydra reads its own."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show what is done, what is left, and the time it takes",
    )
    parser.add_argument("-m", "--multirun", action="store_true", help="the default: studies sweep")
    parser.add_argument("-c", "--cfg", choices=["job", "hydra", "all"], help="print the config")
    parser.add_argument("--resolve", action="store_true", help="with --cfg: interpolations, too")
    parser.add_argument("-p", "--package", help="with --cfg: this part of it")
    parser.add_argument("-i", "--info", nargs="?", help="print what Hydra composes from")
    parser.add_argument("-cn", "--config-name", help="in place of conf/config.yaml")
    parser.add_argument("-cd", "--config-dir", help="a folder with your own pages")
    parser.add_argument("--hydra-help", action="store_true", help="Hydra's own help")


def run_words(words: Sequence[str]) -> None:
    """Train what is not finished yet, then assemble and track it; or what Hydra's options ask."""
    root, hydras = project_root(), ordered(words)
    if any(word.startswith("study=") for word in hydras):
        study_of(hydras)
    search_in([Path.cwd(), root])
    os.chdir(root)
    offer_models_to(hydras)
    with command(dry_run="--dry-run" in words) as begun, _hydras_errors(begun):
        if any(word.split("=")[0] in SHOWS for word in words):
            run_hydra(hydras, lambda _: None)  # prints, and never calls the task
        else:
            _train(hydras, begun)


def _train(hydras: Sequence[str], begun: Command) -> None:
    # these import torch, which what only prints does without
    from depthgauge.execution.sweep import finish_trials
    from depthgauge.execution.worker import dry_run, train_cell
    from depthgauge.training.environment import require_neutral_environment

    require_neutral_environment()  # now, rather than once a cell
    task = dry_run if begun.dry_run else train_cell
    try:
        run_hydra(hydras, task)
    except Exception:
        # Hydra takes what does not compose for a single run, and says why that has no grid
        if begun.config is not None or any(map(_chooses_the_mode, hydras)):
            raise
        run_hydra(["--multirun", *hydras], task)
    if begun.config is None:
        raise ConfigError(
            "the config has no hydra.callbacks.depthgauge, so the trained cells stay in .cells and"
            " no record is written; start your config with `defaults: [config]`"
        )
    if not begun.dry_run:
        finish_trials(begun.config)


def run_hydra(words: Sequence[str], task: TaskFunction) -> None:
    """Let Hydra compose what `words` say, and run `task`; raises what goes wrong."""
    with _argv(words):
        hydra.main(str(Path("conf").absolute()), "config", version_base="1.3")(task)()


def _chooses_the_mode(word: str) -> bool:
    return word in ("--multirun", "--run", "-r") or word.startswith("hydra.mode=")


@contextmanager
def _argv(words: Sequence[str]) -> Iterator[None]:
    """Hand words to hydra.main, which reads sys.argv, and let it raise what goes wrong."""
    before, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["depthgauge train", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full


@contextmanager
def _hydras_errors(begun: Command) -> Iterator[None]:
    """Turn Hydra's errors into a sentence; while it composes, Python's own errors, too."""
    if os.environ.get("HYDRA_FULL_ERROR") == "1":  # the user wants to see all
        yield
        return
    with refusals():
        try:
            yield
        except Exception as error:
            composing = begun.config is None and isinstance(error, OverflowError | ValueError)
            if composing or _from_plugins(error):
                raise refusal(error) from None
            if begun.config is None or not _from_sweeper(error, begun.config):
                raise
            raise ConfigError(
                f"{begun.config.hydra.sweeper._target_} raises {type(error).__name__}: {error};"
                " correct the keys of hydra.sweeper (HYDRA_FULL_ERROR=1 shows where)"
            ) from None


def _from_sweeper(error: Exception, config: DictConfig) -> bool:
    """Return whether a sweeper of another package raised an error of its own, outside trials."""
    sweeper = config.hydra.sweeper._target_
    if sweeper == GRID_SWEEPER or isinstance(error, DepthgaugeError | HydraException):
        return False
    frames = walk_tb(error.__traceback__)
    modules = {frame.f_globals.get("__name__") for frame, _ in frames}
    return sweeper.rpartition(".")[0] in modules and TRIALS not in modules


def _from_plugins(error: Exception) -> bool:
    """Return whether Hydra raised it as it looked for a sweeper or a launcher."""
    if not isinstance(error, RuntimeError | ImportError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals["__name__"] == "hydra.core.plugins"
