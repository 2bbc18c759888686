"""Arguments of Lightning's Trainer that whoever runs a cell gives it, with their callbacks."""

from typing import Any

import pytorch_lightning as pl


class TrainerSettings(pl.Callback):
    """Carries `arguments` to where the Trainer is made; they change no number."""

    def __init__(self, **arguments: Any) -> None:
        """Take keyword arguments of pl.Trainer."""
        self.arguments = arguments
