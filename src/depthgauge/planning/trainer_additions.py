"""What a config adds to Lightning's Trainer: callbacks and loggers, and arguments that only watch.

Nothing here is part of a cell's key, so that what would change a result is refused.
"""

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate

from depthgauge.config import Config
from depthgauge.errors import ConfigError
from depthgauge.planning.hydra_errors import refusals

WATCHING = (
    *("default_root_dir", "detect_anomaly", "enable_model_summary", "enable_progress_bar"),
    *("log_every_n_steps", "profiler"),
)
"""Arguments of the Trainer that change no number."""

KEYS = {
    "accelerator": "device",
    "callbacks": "callbacks",
    "gradient_clip_val": "remedy.clip",
    "logger": "logger",
    "max_epochs": "steps",
    "max_steps": "steps",
    "precision": "precision",
}
"""Argument of the Trainer -> the key of the study that stands for it."""

CHANGING = {
    "BackboneFinetuning": "capacity.frozen",
    "BaseFinetuning": "capacity.frozen",
    "BatchSizeFinder": "batch_size",
    "EMAWeightAveraging": "",
    "EarlyStopping": "steps",
    "GradientAccumulationScheduler": "batch_size",
    "LearningRateFinder": "learning_rate",
    "ModelPruning": "",
    "StochasticWeightAveraging": "",
    "Timer": "steps",
    "WeightAveraging": "",
}
"""Lightning's callbacks that change what is trained -> the key that does so here."""

WITHOUT = ("chain", "support_vectors", "surfaces")
"""Procedures that train nothing by a Trainer."""

LOGGER = {
    "csv": {
        "_target_": "pytorch_lightning.loggers.CSVLogger",
        "save_dir": None,
        "name": "lightning",
    }
}
"""Where callbacks log to if no logger is named."""


def require_watching(config: Config) -> None:
    """Raise ConfigError for additions that would change a result, or that cannot be made."""
    given = config.trainer or config.callbacks or config.logger
    if given and config.procedure in WITHOUT:
        raise ConfigError(
            f"procedure={config.procedure} does not use Lightning's Trainer: leave trainer,"
            " callbacks and logger out"
        )
    for name in config.trainer:
        if name not in WATCHING:
            instead = f": use {KEYS[name]}=" if name in KEYS else f"; {', '.join(WATCHING)} do not"
            raise ConfigError(f"trainer.{name} would change what a cell computes{instead}")
    for name, part in config.callbacks.items():
        target = str(part.get("_target_", "")) if isinstance(part, Mapping) else ""
        kind = target.rpartition(".")[2]
        if kind in CHANGING:
            instead = CHANGING[kind] and f"; use {CHANGING[kind]}="
            raise ConfigError(f"callbacks.{name}: {kind} changes what a cell computes{instead}")
        if kind == "GradientFlow":
            raise ConfigError(
                f"callbacks.{name}: GradientFlow sees torch's modules and autograd, and a study's"
                " networks use neither: gradients.every= measures the same in them, and"
                " depthgauge.diagnosis.study_network makes one an ordinary module"
            )
    callbacks_of(config)
    loggers_of(config, ".")


def callbacks_of(config: Config) -> list[Any]:
    """Return new instances of the config's callbacks."""
    if not config.callbacks:
        return []
    from pytorch_lightning import Callback

    return _made("callbacks", config.callbacks, Callback)


def loggers_of(config: Config, folder: str) -> list[Any]:
    """Return the config's loggers, or one for its callbacks; `folder` is a save_dir of null."""
    wanted = config.logger or (LOGGER if config.callbacks else {})
    if not wanted:
        return []
    from pytorch_lightning.loggers import Logger

    found = {
        name: {**part, "save_dir": part.get("save_dir") or folder} if "save_dir" in part else part
        for name, part in wanted.items()
    }
    return _made("logger", found, Logger)


def _made(group: str, parts: Mapping[str, Any], kind: type[Any]) -> list[Any]:
    """Instantiate each part, which must be of this `kind`."""
    found = []
    for name, part in parts.items():
        if not isinstance(part, Mapping) or "_target_" not in part:
            raise ConfigError(f"{group}.{name}={part} has no class; give {group}.{name}._target_=")
        with refusals(ImportError):
            made = instantiate(part)
        if not isinstance(made, kind):
            raise ConfigError(
                f"{group}.{name}: {part['_target_']} is not a Lightning {kind.__name__}"
            )
        found.append(made)
    return found
