"""GradientFlow: the diagnosis as a callback of PyTorch Lightning.

It works with both packages, `pytorch_lightning` and `lightning`; the Trainer of one accepts
callbacks of the other.
"""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from depthgauge.diagnosis.cadence import Budget, usual
from depthgauge.diagnosis.findings import Diagnosis, Verdict
from depthgauge.diagnosis.profile import total_decades
from depthgauge.diagnosis.readings import Look
from depthgauge.diagnosis.recorder import LOG, Recorder
from depthgauge.diagnosis.verdicts import faults, judge
from depthgauge.diagnosis.watch import Flow
from depthgauge.errors import ConfigError

if TYPE_CHECKING:
    import pytorch_lightning as pl
elif "lightning.pytorch" in sys.modules and "pytorch_lightning" not in sys.modules:
    import lightning.pytorch as pl
else:
    try:
        import pytorch_lightning as pl
    except ModuleNotFoundError as missing:
        try:
            import lightning.pytorch as pl
        except ModuleNotFoundError:
            raise missing from None

USUAL_UPDATE = 1e-3
"""Update ratio that "worst" is measured from: of 1e-6 and 1e-2 the worse is 1e-6."""


class GradientFlow(pl.Callback):
    """Look at steps 0, 1, 2, 4, 8, ..., then at every `every`-th; write a page at the end.

    The page is also written where an exception or Ctrl-C ends the training.

    Steps are numbered as in the checkpoint where a training is resumed. Works with automatic and
    manual optimization, several optimizers, mixed precision, accumulation (it shows the last micro-
    batch), DDP and torch.compile. Signals are measured before clipping, updates after it. Each look
    logs `flow/decades`, `flow/worst_update_ratio` and `flow/dead_share` to the trainer's loggers. A
    warning is logged when a fault begins to last, and a message when it has gone. `page` is the
    path of the page: by default "flow.html" in the logger's folder; None for no page. With
    `share=0.04`, a look is postponed if looks would take more than 4 % of the training time so far;
    which steps are looked at then depends on the machine. Raises ConfigError if `every` is below 1,
    `share` is not in (0, 1], or a strategy splits weights over processes.
    """

    def __init__(
        self,
        every: int = 100,
        page: str | Path | None = "flow.html",
        share: float | None = None,
    ) -> None:
        self._due, self.page_path, self._share = usual(every), page, share
        if share is not None:
            Budget(share)  # refuse it now rather than when the training begins
        self.flow: Flow | None = None
        self._recorder: Recorder | None = None
        self._handles: list[Any] = []
        self._folder = Path()
        self._scale = 1.0
        self._lasting: dict[str, Verdict] = {}
        self._next = 0
        """Looks at which to judge next."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks so far."""
        return () if self.flow is None else self.flow.looks

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the looks mean."""
        return judge(self.looks)

    @property
    def diagnosis(self) -> Diagnosis:
        """Looks and verdicts; raises ConfigError before any training."""
        if self.flow is None:
            raise ConfigError("GradientFlow has seen no training: call trainer.fit first")
        return self.flow.diagnosis

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies that split single weights over processes."""
        name = type(trainer.strategy).__name__
        if any(each in name for each in ("FSDP", "ModelParallel", "DeepSpeed")):
            raise ConfigError(
                f"GradientFlow does not support {name}, which splits weights over processes:"
                " use DDP or one process"
            )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count the steps of every optimizer, as the optimizers themselves take them."""
        world = trainer.world_size
        reduce = None if world == 1 else lambda tensor: _mean(trainer, tensor)
        budget = None if self._share is None else Budget(self._share)
        first = trainer.global_step // max(1, len(trainer.optimizers))  # Lightning adds them up
        self._recorder = Recorder(pl_module, self._due, reduce, world, budget, first)
        self.flow = Flow(self._recorder)
        self._lasting, self._next = {}, 0
        if self.page_path is not None:  # every process must ask for log_dir: it is broadcast
            self._folder = Path(trainer.log_dir or trainer.default_root_dir)
        self._handles = [
            each.register_step_post_hook(lambda *_, number=number: self._stepped(trainer, number))
            for number, each in enumerate(trainer.optimizers)
        ]

    def _stepped(self, trainer: pl.Trainer, number: int) -> None:
        """Note the scale of mixed precision before the scaler changes it."""
        if self._recorder is not None:
            scaler = getattr(trainer.precision_plugin, "scaler", None)
            if self._recorder.looking and scaler is not None:
                self._scale = scaler.get_scale()
            self._recorder.stepped(number)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin a look, if one is due."""
        if self._recorder is not None:
            self._recorder.begin()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """End the look once a step was taken; log, and warn of what begins to last."""
        if self._recorder is None or not self._recorder.complete:
            return
        looks = self._recorder.end(self._scale)
        if trainer.is_global_zero:
            _guarded("log", lambda: [_log(trainer, look) for look in looks])
            _guarded("judge", self._warn)

    def _warn(self) -> None:
        """Judge all looks: each time at first, later whenever an eighth more have been taken."""
        count = len(self.looks)
        if count < self._next:
            return
        self._next = count + max(1, count // 8)
        step = self.looks[-1].step
        now = {v.finding.value: v for v in faults(self.verdicts)}
        for name, verdict in now.items():
            if name not in self._lasting:
                LOG.warning("%s (GradientFlow, step %d)", verdict.sentence, step)
        for name in self._lasting.keys() - now.keys():
            LOG.warning("No longer found: %s (GradientFlow, step %d)", name, step)
        self._lasting = now

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take all hooks off and write the page."""
        self._finish(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Take all hooks off and write the page: why it ended may be on it."""
        self._finish(trainer)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Take all hooks off, whatever ended the training."""
        self._release()

    def _finish(self, trainer: pl.Trainer) -> None:
        training = self._recorder is not None
        self._release()
        if training and trainer.is_global_zero and not getattr(trainer, "fast_dev_run", 0):
            _guarded("write its page", lambda: self._write(trainer))

    def _release(self) -> None:
        if self._recorder is not None:
            self._recorder.abandon()
            self._recorder = None
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _write(self, trainer: pl.Trainer) -> None:
        if self.flow is None or self.page_path is None:
            return
        path = self._folder / self.page_path  # an absolute page_path stays as it is
        path.parent.mkdir(parents=True, exist_ok=True)
        self.flow.page(path)
        for logger in trainer.loggers:
            _keep(logger, path)


def _guarded(what: str, act: Any) -> None:
    """Run what comes after a look; what goes wrong there must not end the training."""
    try:
        act()
    except Exception as error:
        LOG.warning("GradientFlow could not %s: %s: %s", what, type(error).__name__, error)


def _mean(trainer: pl.Trainer, tensor: Tensor) -> Tensor:
    """The mean over processes, by way of the process's own device: NCCL reduces no other's."""
    copied = tensor.to(trainer.strategy.root_device, copy=True)  # it is reduced in place
    return torch.as_tensor(trainer.strategy.reduce(copied, reduce_op="mean"))


def _log(trainer: pl.Trainer, look: Look) -> None:
    """Send one look's three numbers to every logger; what is not known or finite is left out."""
    if look.problem is not None:
        return
    prefix = "flow/" + (look.profile.replace(", ", "_").replace(" ", "_") + "/").lstrip("/")
    metrics = {f"{prefix}{k}": v for k, v in summary(look).items() if math.isfinite(v)}
    for logger in trainer.loggers:
        if metrics:
            logger.log_metrics(metrics, step=look.step)


def summary(look: Look) -> Mapping[str, float]:
    """Return what is logged of a look, without what was not measured.

    Decades from the output to the first layer, the update ratio farthest from 1e-3, and the largest
    share of dead units in a layer.
    """
    ratios = [s.update_ratio for s in look.sites if s.update_ratio]
    dead = [s.dead for s in look.sites if s.dead is not None]
    numbers = {
        "decades": total_decades(look.sites),
        "worst_update_ratio": max(
            ratios, key=lambda r: abs(math.log(r / USUAL_UPDATE)), default=None
        ),
        "dead_share": max(dead, default=None),
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _keep(logger: Any, path: Path) -> None:
    """Give the page to a logger that keeps files: MLflow's has a run_id, W&B's run can save."""
    experiment: Any = getattr(logger, "experiment", None)
    if hasattr(experiment, "log_artifact") and hasattr(logger, "run_id"):
        experiment.log_artifact(logger.run_id, str(path))
    elif callable(getattr(experiment, "save", None)) and hasattr(experiment, "log_artifact"):
        experiment.save(str(path), base_path=str(path.parent))
