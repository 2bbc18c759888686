"""A user's callbacks, loggers and arguments of Lightning's Trainer, for one block."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch

from depthgauge.config import Config
from depthgauge.errors import DepthgaugeError
from depthgauge.planning.trainer_additions import callbacks_of, loggers_of
from depthgauge.training.trainer_settings import TrainerSettings


def own_callbacks(config: Config, folder: str) -> list[pl.Callback]:
    """Return what `config` adds to the Trainer of a block; loggers write below `folder`."""
    loggers = loggers_of(config, folder)
    arguments = {**config.trainer, **({"logger": loggers} if loggers else {})}
    settings: list[pl.Callback] = [TrainerSettings(**arguments)] if arguments else []
    return [*settings, *map(watched, callbacks_of(config))]


def watched(callback: pl.Callback) -> pl.Callback:
    """Return `callback` with each of its hooks checked: none may change a weight."""
    for name in dir(pl.Callback):
        overridden = getattr(type(callback), name) is not getattr(pl.Callback, name)
        if overridden and (name.startswith("on_") or name in ("setup", "teardown")):
            setattr(callback, name, _checked(callback, name, getattr(callback, name)))
    return callback


def _checked(callback: pl.Callback, name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    def call(trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any, **more: Any) -> Any:
        before = {key: each.clone() for key, each in _weights(pl_module).items()}
        found = hook(trainer, pl_module, *rest, **more)
        for key, each in _weights(pl_module).items():
            if key in before and not torch.equal(before[key], each):
                raise DepthgaugeError(
                    f"{type(callback).__qualname__}.{name} changed {key}, which would change"
                    " the results; a callback of a study must only observe"
                )
        return found

    return call


def _weights(module: pl.LightningModule) -> dict[str, torch.Tensor]:
    """Return parameters and buffers by name; those that diverged compare unequal to themselves."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {key: torch.nan_to_num(each.detach()) for key, each in named.items()}
