"""Hydra's sweeper for grids whose cells are planned, checked and skipped where they are done.

Hydra looks for sweepers in this namespace only, and imports what it finds at every start.
planning/compose.py chooses it for this application.
"""

from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class GridSweeper(Sweeper):
    """Trains the cells of a grid that are not finished."""

    def __init__(self, **_: Any) -> None:
        """Take its settings from the composed config, in `setup`."""
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None
        self.task_function: TaskFunction | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what Hydra hands over."""
        self.config = config
        self.hydra_context = hydra_context
        self.task_function = task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Plan the grid that the page and `arguments` describe; train what is left of it."""
        from depthgauge.execution.sweep import sweep

        assert self.config is not None and self.hydra_context is not None
        assert self.task_function is not None
        return sweep(self.config, self.hydra_context, self.task_function, arguments)
