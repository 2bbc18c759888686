"""A user's arguments for Lightning's Trainer, passed along with the callbacks."""

from typing import Any

import pytorch_lightning as pl


class TrainerSettings(pl.Callback):
    """Carries `arguments` to where the Trainer is made; they do not change results."""

    def __init__(self, **arguments: Any) -> None:
        """Take keyword arguments of pl.Trainer."""
        self.arguments = arguments
