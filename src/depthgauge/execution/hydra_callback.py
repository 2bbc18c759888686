"""Hydra's callback that every sweep of ours has, conf/config.yaml: hydra.callbacks.depthgauge."""

from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from depthgauge.execution.planned_cells import remove_trials
from depthgauge.planning.command import current, folder_of, plans_a_grid, set_for_jobs
from depthgauge.planning.models import offer_models


class SweepCallback(Callback):
    """Keeps the composed config for the command, and no config of a finished job."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Keep the config of a single run (hydra.mode=RUN)."""
        current().config = config
        remove_trials(config)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Keep the config of a sweep; the time in the name of its folder stays as it is now."""
        if not plans_a_grid(config):
            set_for_jobs(config, "sweep.dir", str(folder_of(config)))
            offer_models(config)
        self.on_run_start(config)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        """Keep the words, the state and the value of the job: launchers hold all until the end."""
        job_return.cfg = job_return.hydra_cfg = None
