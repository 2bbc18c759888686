"""GradientFlow under Lightning: every kind of optimization, loggers, page, and what it refuses."""

import csv
import json
import logging
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
from one_look import batch, dense
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.plugins.precision import MixedPrecision
from synthetic import chain, looks
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from depthgauge import GradientFlow, watch
from depthgauge.diagnosis.look import Instrument
from depthgauge.errors import ConfigError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*number of training batches"),
    pytest.mark.filterwarnings("ignore:.*fork"),
]


class Plain(pl.LightningModule):
    def __init__(self, widths=(64, 12, 12, 10), optimizer=torch.optim.Adam, rate=1e-2):
        super().__init__()
        self.net = dense(list(widths), nn.Tanh)
        self.optimizer, self.rate = optimizer, rate
        self.losses = []

    def training_step(self, batch, index):
        loss = functional.cross_entropy(self.net(batch[0]), batch[1])
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self):
        return self.optimizer(self.parameters(), lr=self.rate)


def loader(examples=96, size=16, width=64):
    return DataLoader(TensorDataset(*batch(examples, width)), batch_size=size)


def fit(module, flow, tmp_path, **settings):
    settings = {"max_epochs": 1, "logger": False, **settings}
    callbacks = [] if flow is None else [flow]
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=callbacks,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
        **settings,
    )
    trainer.fit(module, loader())
    return trainer


def test_training_is_the_same_to_the_last_bit_and_looks_are_those_of_watch(tmp_path):
    flow = GradientFlow(page=None)
    fit(module := Plain(), flow, tmp_path)
    fit(twin := Plain(), None, tmp_path)
    assert module.losses == twin.losses
    for one, other in zip(module.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)
    net = Plain()
    optimizer = net.configure_optimizers()
    with watch(net, optimizer) as plain:
        for x, y in loader():
            optimizer.zero_grad()
            functional.cross_entropy(net.net(x), y).backward()
            optimizer.step()
    assert flow.looks == plain.looks
    assert [look.step for look in flow.looks] == [0, 1, 2, 4]


def test_three_numbers_a_look_go_to_the_logger_and_the_page_beside_them(tmp_path):
    flow = GradientFlow()
    logger = CSVLogger(tmp_path)
    trainer = fit(Plain(), flow, tmp_path, logger=logger)
    header, *rows = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text().splitlines()
    assert set(header.split(",")) == {
        "flow/decades",
        "flow/worst_update_ratio",
        "flow/dead_share",
        "step",
    }
    assert len(rows) == 4
    page = tmp_path / "lightning_logs/version_0/flow.html"
    assert page.read_text().lower().startswith("<!doctype html>")
    assert not trainer.progress_bar_metrics


def test_the_page_goes_to_a_logger_that_keeps_files_and_a_full_disk_ends_nothing(tmp_path, caplog):
    kept = []
    experiment = SimpleNamespace(log_artifact=lambda run, path: kept.append((run, path)))

    class Keeper(CSVLogger):
        run_id = "run 7"

        @property
        def experiment(self):
            return SimpleNamespace(**vars(experiment), log_metrics=lambda *_: None, save=print)

    fit(Plain(), GradientFlow(), tmp_path, logger=Keeper(tmp_path))
    assert kept == [("run 7", str(tmp_path / "lightning_logs/version_0/flow.html"))]
    (tmp_path / "file").write_text("in the way")
    module = Plain()
    fit(module, GradientFlow(page=tmp_path / "file" / "flow.html"), tmp_path)
    assert len(module.losses) == 6
    assert "could not write its page" in caplog.text


def test_one_warning_when_a_verdict_begins_to_last_and_none_for_a_healthy_net(tmp_path, caplog):
    module = Plain([64] + [20] * 15 + [10], rate=0.0)
    for layer in module.net[::2]:
        nn.init.uniform_(layer.weight, -0.05, 0.05)
    with caplog.at_level(logging.WARNING, "depthgauge"):
        fit(module, flow := GradientFlow(page=None), tmp_path)
    vanishing = [r for r in caplog.records if "vanishes" in r.getMessage()]
    assert len(vanishing) == 1 and "step 1" in vanishing[0].getMessage()
    assert any(v.finding.value == "vanishes" and v.lasting for v in flow.verdicts)
    caplog.clear()
    fit(Plain(), GradientFlow(page=None), tmp_path)
    assert not [r for r in caplog.records if r.name == "depthgauge"]


def test_a_loss_that_has_converged_gives_no_warning_however_long_it_is_flat(caplog):
    """What is flat is judged beside the training's beginning, not within its latest looks."""
    flow = GradientFlow()
    taken = looks(lambda _: chain(), range(0, 1000, 10), lambda step: max(2 - step / 50, 0.1))
    with caplog.at_level(logging.WARNING, "depthgauge"):
        for count in range(1, len(taken) + 1):
            flow.flow = SimpleNamespace(looks=tuple(taken[:count]))
            flow._warn()
    assert not caplog.records


class Manual(Plain):
    """Steps the raw optimizer: Lightning counts nothing."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        optimizer = self.optimizers(use_pl_optimizer=False)
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, index))
        optimizer.step()


def test_manual_optimization_with_the_raw_optimizer(tmp_path):
    fit(module := Manual(), flow := GradientFlow(page=None), tmp_path)
    assert [look.step for look in flow.looks] == [0, 1, 2, 4]
    assert [look.loss for look in flow.looks] == [module.losses[i] for i in (0, 1, 2, 4)]


class ThreeSteps(Manual):
    def training_step(self, batch, index):
        for _ in range(3):
            super().training_step(batch, index)


def test_looks_are_not_skipped_where_a_batch_takes_several_steps(tmp_path):
    fit(ThreeSteps(), flow := GradientFlow(page=None), tmp_path)
    assert [look.step for look in flow.looks] == [0, 3, 6, 9]  # due: 0; 1, 2; 4; 8; next, 16


def test_a_resumed_training_goes_on_counting_its_steps(tmp_path):
    logger = CSVLogger(tmp_path)
    fit(Plain(), None, tmp_path).save_checkpoint(tmp_path / "half.ckpt")
    flow, module = GradientFlow(), Plain()
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=[flow],
        logger=logger,
        max_epochs=2,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader(), ckpt_path=tmp_path / "half.ckpt")
    assert [look.step for look in flow.looks] == [6, 7, 8, 10]
    assert [look.loss for look in flow.looks] == [module.losses[i] for i in (0, 1, 2, 4)]
    assert {v.theory for v in flow.verdicts} == {None}  # of the initial weights, which are unknown
    lines = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text().splitlines()
    rows = csv.DictReader(lines)
    assert [row["step"] for row in rows] == ["6", "7", "8", "10"]


class Gan(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.g, self.d = dense([4, 8, 64], nn.ReLU), dense([64, 8, 1], nn.ReLU)

    def configure_optimizers(self):
        return [torch.optim.Adam(each.parameters(), 1e-3) for each in (self.d, self.g)]

    def training_step(self, batch, index):
        d, g = self.optimizers()
        fake = self.g(torch.ones(len(batch[0]), 4))
        self.toggle_optimizer(d)
        self.manual_backward(self.d(fake.detach()).mean() - self.d(batch[0]).mean())
        d.step()
        d.zero_grad()
        self.untoggle_optimizer(d)
        self.toggle_optimizer(g)
        self.manual_backward(-self.d(self.g(torch.ones(len(batch[0]), 4))).mean())
        g.step()
        g.zero_grad()
        self.untoggle_optimizer(g)


def test_a_gan_has_a_profile_for_each_of_its_backward_passes(tmp_path):
    fit(Gan(), flow := GradientFlow(page=None), tmp_path, logger=CSVLogger(tmp_path))
    profiles = {look.profile: {s.name for s in look.sites} for look in flow.looks}
    assert set(profiles) == {"optimizer 0, backward 0", "optimizer 1, backward 0"}
    assert profiles["optimizer 1, backward 0"] == {"g.0", "g.2", "d.0", "d.2"}
    text = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text()
    assert "flow/optimizer_1_backward_0/decades" in text


def test_accumulation_shows_the_last_micro_batch(tmp_path):
    fit(module := Plain(), flow := GradientFlow(page=None), tmp_path, accumulate_grad_batches=3)
    assert [look.step for look in flow.looks] == [0, 1]
    expected = [module.losses[2] / 3, module.losses[5] / 3]
    assert [look.loss for look in flow.looks] == pytest.approx(expected)


def test_clipping_leaves_the_signal_and_shrinks_the_update(tmp_path):
    def run(**settings):
        module = Plain(optimizer=torch.optim.SGD, rate=0.1)
        fit(module, flow := GradientFlow(page=None), tmp_path, **settings)
        return flow.looks[0].sites

    for free, clipped in zip(run(), run(gradient_clip_val=1e-3), strict=True):
        assert clipped.signal == free.signal
        assert clipped.update_ratio < 0.1 * free.update_ratio


def test_mixed_precision_with_its_scaler_shows_unscaled_numbers(tmp_path):
    """The precision plugin itself: "16-mixed" on a CPU is silently bfloat16."""

    class Half(MixedPrecision):
        def forward_context(self):
            return torch.autocast("cpu", enabled=False)

    def run(**settings):
        module = Plain(optimizer=torch.optim.SGD, rate=0.1)
        fit(module, flow := GradientFlow(page=None), tmp_path, **settings)
        return flow.looks

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    scaled = run(plugins=[Half("16-mixed", "cpu", scaler)])
    for one, other in zip(scaled, run(), strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-6)
        for here, there in zip(one.sites, other.sites, strict=True):
            assert here.signal == pytest.approx(there.signal, abs=1e-5)


def test_lbfgs_counts_steps_not_closures(tmp_path):
    module = Plain(optimizer=torch.optim.LBFGS, rate=0.1)
    fit(module, flow := GradientFlow(page=None), tmp_path)
    assert [look.step for look in flow.looks] == [0, 1, 2, 4]
    assert len(module.losses) > 6


def test_compiled_modules_are_looked_at_and_trained_the_same(tmp_path):
    def run(flow):
        module = Plain()
        module.net = torch.compile(module.net, backend="eager")
        fit(module, flow, tmp_path)
        return module.losses

    flow = GradientFlow(page=None)
    assert run(flow) == run(None)
    assert [s.name for s in flow.looks[-1].sites] == ["net.0", "net.2", "net.4"]


def test_an_error_in_the_training_takes_the_hooks_off_and_leaves_the_page(tmp_path):
    class Broken(Plain):
        def training_step(self, batch, index):
            loss = super().training_step(batch, index)
            if index == 2:
                raise ValueError("of the user's")
            return loss

    module = Broken()
    with pytest.raises(ValueError, match="of the user's"):
        fit(module, GradientFlow(), tmp_path)
    assert "2 looks from step 0 to step 1" in (tmp_path / "flow.html").read_text()
    assert not any(m._forward_hooks for m in module.modules())
    assert not torch.overrides.has_torch_function((torch.ones(1),))


def test_strategies_that_split_weights_are_refused_in_a_sentence():
    class FSDPStrategy:
        pass

    trainer = SimpleNamespace(strategy=FSDPStrategy())
    with pytest.raises(ConfigError, match="does not support FSDPStrategy"):
        GradientFlow().setup(trainer, Plain(), "fit")


def test_a_diagnosis_before_any_training_is_refused_in_a_sentence():
    with pytest.raises(ConfigError, match=r"call trainer\.fit first"):
        _ = GradientFlow().diagnosis
    with pytest.raises(ConfigError, match="every=0 steps"):
        GradientFlow(every=0)


class Writing(GradientFlow):
    """Leaves what the first process saw in a file: forked processes return nothing."""

    def __init__(self, path):
        super().__init__(page=None)
        self.path = path

    def on_train_end(self, trainer, pl_module):
        super().on_train_end(trainer, pl_module)
        seen = [[s.signal for s in k.sites] + [k.loss, k.examples] for k in self.looks]
        (self.path / f"{trainer.global_rank}.json").write_text(json.dumps(seen))


class Half(Plain):
    """Each of two processes trains on its half of every batch."""

    def training_step(self, batch, index):
        size = len(batch[0]) // self.trainer.world_size
        mine = slice(self.global_rank * size, (self.global_rank + 1) * size)
        return super().training_step([each[mine] for each in batch], index)


def fit_in_two(flow, tmp_path):
    """Return what each process saw."""
    module = Half(optimizer=torch.optim.SGD, rate=0.1)
    settings = {"devices": 2, "strategy": "ddp_fork", "use_distributed_sampler": False}
    fit(module, flow, tmp_path, **settings)
    return [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_with_half_a_batch_each_show_what_one_with_all_of_it_shows(tmp_path):
    one, other = fit_in_two(Writing(tmp_path), tmp_path)
    assert one == other
    single = GradientFlow(page=None)
    fit(Half(optimizer=torch.optim.SGD, rate=0.1), single, tmp_path)
    expected = [[s.signal for s in k.sites] + [k.loss, k.examples] for k in single.looks]
    assert len(one) == 4
    for seen, wanted in zip(one, expected, strict=True):
        assert seen == pytest.approx(wanted, abs=1e-6)


def test_the_first_of_two_processes_writes_the_page(tmp_path):
    class Paged(Writing):
        def __init__(self):
            super().__init__(tmp_path)
            self.page_path = "flow.html"

    fit_in_two(Paged(), tmp_path)
    assert (tmp_path / "flow.html").is_file()


def test_a_look_that_fails_in_one_process_holds_up_no_other(tmp_path, monkeypatch):
    record = Instrument._record

    def broken(self, *args):
        if torch.distributed.is_initialized() and torch.distributed.get_rank() == 1:
            raise ZeroDivisionError("a bug")
        record(self, *args)

    monkeypatch.setattr(Instrument, "_record", broken)
    one, other = fit_in_two(Writing(tmp_path), tmp_path)
    assert all(len(look) == 2 for look in one + other)  # no site: only the loss and examples
