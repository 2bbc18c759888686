"""The module as any LightningModule: standard callbacks and loggers work on it."""

from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelSummary,
    TQDMProgressBar,
)
from pytorch_lightning.loggers import CSVLogger, MLFlowLogger

import reference
from depthgauge.config import Evaluation, Gradients, Remedy
from depthgauge.errors import ConfigError
from depthgauge.training import remedies
from depthgauge.training.block import Block
from depthgauge.training.descent import build_instruments, build_module
from depthgauge.training.instruments import GradientNorms
from depthgauge.training.schedule import Chunks
from depthgauge.training.torch_engine import TorchEngine

REPLICAS = [(0, 0.3), (1, 0.1), (2, 0.3)]

pytestmark = [
    # Lightning 2.6 asks for a torch name that is deprecated
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),
    pytest.mark.filterwarnings("ignore:.*`srun` command is available"),
]


@pytest.fixture
def plain(experiment):
    """230 steps in three chunks, costs at 0, 115 and 230."""
    return replace(experiment, l2=0.0)


@pytest.fixture
def fit(small_data, tmp_path):
    """Train a module by a Trainer as a user makes one; return both."""

    def run(experiment, *callbacks, make=TorchEngine, **settings):
        block = Block(experiment, REPLICAS, "key", "cell")
        module = build_module(block, small_data, make)
        settings = {"logger": False, "enable_progress_bar": False, **settings}
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=1,
            default_root_dir=tmp_path,
            callbacks=[*callbacks, *build_instruments(experiment, small_data)],
            **{"enable_checkpointing": False, "enable_model_summary": False, **settings},
        )
        trainer.fit(module)
        return module, trainer

    return run


def test_steps_are_counted(plain, fit, engine):
    """Lightning's global_step counts chunks, the metric `step` SGD steps, whatever the engine."""
    module, trainer = fit(plain, make=engine(plain))
    assert (trainer.global_step, module.reached) == (3, 230)
    assert trainer.callback_metrics["step"] == 230


def test_metrics_are_means_over_the_replicas(plain, fit, train):
    """The last costs and accuracies, as the record has them."""
    _, trainer = fit(plain)
    record = train(plain, REPLICAS)
    for name in ("cost_validation", "accuracy_test", "probe_cost"):
        expected = float(record[name].values[:, -1].mean())
        assert float(trainer.callback_metrics[name]) == pytest.approx(expected, rel=1e-6)


def test_forward_gives_every_replicas_outputs(plain, fit, small_data, engine):
    """The class probabilities of the trained networks, against numpy."""
    module, _ = fit(plain, make=engine(plain))
    x = small_data.test.images[:4] / 256
    outputs = module(torch.tensor(x, dtype=torch.float32))
    assert outputs.shape == (3, 4, 3)
    for r in range(3):
        weights = [w[r].double().numpy() for w in module.network.weights]
        biases = [b[r, 0].double().numpy() for b in module.network.biases]
        for example, found in zip(x, outputs[r], strict=True):
            z = reference.forward(weights, biases, example, "sigmoid")[0][-1]
            np.testing.assert_allclose(found, reference.output("cross_entropy", z), rtol=1e-4)


def test_the_weights_are_parameters(plain, small_data):
    """25 x 7 + 7 x 6 + 6 x 3 weights and 16 biases of three networks."""
    module = build_module(Block(plain, REPLICAS, "key", "cell"), small_data)
    assert sum(each.numel() for each in module.parameters()) == 3 * (175 + 42 + 18 + 16)


def test_a_state_dict_goes_on_where_it_was(plain, small_data, train):
    """Saved after a chunk and loaded into a fresh module, the rest of the steps: the same bits."""
    modules = []
    for _ in range(2):
        modules.append(build_module(Block(plain, REPLICAS, "key", "cell"), small_data))
        modules[-1].on_fit_start()
    whole, halved = modules
    first, *rest = Chunks(0, 230, 100)
    whole.run(first)
    halved.load_state_dict({name: each.clone() for name, each in whole.state_dict().items()})
    left = list(halved.train_dataloader())
    assert left == rest
    for chunk in left:
        whole.run(chunk)
        halved.run(chunk)
    for one, other in zip(whole.parameters(), halved.parameters(), strict=True):
        assert torch.equal(one, other)


# Lightning says that what it saves is the state after the optimizer's step: just what is wanted.
@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
def test_model_checkpoint_writes_what_can_be_loaded(plain, fit, small_data, tmp_path):
    """After every chunk, the best by a logged metric is kept; its state is the module's."""
    saving = ModelCheckpoint(
        tmp_path / "kept", monitor="cost_validation", every_n_train_steps=1, save_last=True
    )
    module, _ = fit(plain, saving, enable_checkpointing=True)
    assert saving.best_model_path and saving.best_model_score is not None
    state = torch.load(saving.last_model_path, weights_only=False)["state_dict"]
    fresh = build_module(Block(plain, REPLICAS, "key", "cell"), small_data)
    fresh.load_state_dict(state)
    assert fresh.reached == 230
    for one, other in zip(fresh.parameters(), module.parameters(), strict=True):
        assert torch.equal(one, other)


def test_early_stopping_stops(plain, fit):
    """By the validation loop's metric, once it is below a threshold; a study's steps are left."""
    longer = replace(plain, steps=2000, evaluation=Evaluation(every=0))
    stopping = EarlyStopping("val_cost", stopping_threshold=1.7, patience=50)
    module, trainer = fit(longer, stopping, val_check_interval=2)
    assert trainer.callback_metrics["val_cost"] < 1.7
    assert 200 <= module.reached < 2000 and module.reached % 200 == 0


@pytest.mark.parametrize("stop", [100, 230])
def test_the_validation_loop_is_the_evaluation(stop, plain, fit, train):
    """trainer.validate gives the mean of the record's last costs and accuracies."""
    module, trainer = fit(replace(plain, steps=stop))
    (found,) = trainer.validate(module, verbose=False)
    record = train(replace(plain, steps=stop), REPLICAS)
    for ours, theirs in (("cost_validation", "val_cost"), ("accuracy_validation", "val_accuracy")):
        assert found[theirs] == pytest.approx(float(record[ours].values[:, -1].mean()), rel=1e-5)


def test_networks_with_remedies_validate_and_answer_too(experiment, small_data):
    """Autograd's passes under Lightning's inference mode: the costs of its own answers."""
    chosen = replace(experiment, l2=0.0, cost="nll", remedy=Remedy(normalization="batch"))
    module = remedies.build_module(Block(chosen, REPLICAS, "key", "cell"), small_data)
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    (found,) = trainer.validate(module, verbose=False)
    images, labels = small_data.validation.images, small_data.validation.labels
    answers = module(torch.tensor(images / 256, dtype=torch.float32))
    chance = answers[:, torch.arange(50), torch.tensor(labels).long()]
    assert found["val_cost"] == pytest.approx(float(-chance.log().mean()), rel=1e-5)


def test_validating_changes_no_bit(plain, fit):
    """Between chunks, in Lightning's inference mode: the same networks in the end."""
    one, _ = fit(plain, limit_val_batches=0, num_sanity_val_steps=0)
    other, _ = fit(plain, val_check_interval=1)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


class Summary(ModelSummary):
    """Keeps what the callback would print."""

    def summarize(self, summary_data, total_parameters, trainable_parameters, *_, **__):
        self.shown, self.counts = dict(summary_data), (total_parameters, trainable_parameters)


def test_model_summary_counts_the_parameters(plain, fit):
    """753 of three networks, none of which autograd trains; the networks have a row."""
    summary = Summary(max_depth=2)
    fit(plain, summary)
    assert summary.counts == (753, 0)
    rows = dict(zip(summary.shown["Name"], summary.shown["Params"], strict=True))
    assert rows["engine.network"].strip() == "753"


def test_learning_rates_are_monitored(plain, fit, tmp_path):
    """A parameter group for each rate, in the order of the replicas."""
    monitor = LearningRateMonitor("step")
    fit(plain, monitor, logger=CSVLogger(tmp_path), log_every_n_steps=1)
    rates = [values[0] for values in monitor.lrs.values()]
    assert rates == [0.3, 0.1]


def test_a_plain_mlflow_logger_gets_curves_along_sgd_steps(plain, fit, tmp_path, no_mlflow_address):
    """Costs at the ends of chunks in which they were measured."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    logger = MLFlowLogger("lightning", tracking_uri=uri, artifact_location=str(tmp_path / "runs"))
    fit(plain, logger=logger, log_every_n_steps=1)
    points = logger.experiment.get_metric_history(logger.run_id, "cost_validation")
    assert [point.step for point in points] == [100, 200, 230]


def test_lightnings_bar_shows_the_chunks(plain, fit):
    """Three of three."""
    bar = TQDMProgressBar(refresh_rate=1)
    fit(plain, bar, enable_progress_bar=True)
    assert (bar.train_progress_bar.n, bar.train_progress_bar.total) == (3, 3)


class Own(pl.LightningModule):
    """A user's module."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_gradient_norms_of_a_users_own_module_refer_to_gradient_flow(tmp_path):
    """One sentence names the module and the callback that is made for it."""
    trainer = pl.Trainer(
        max_steps=1,
        accelerator="cpu",
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[GradientNorms(Gradients(), steps=1)],
    )
    with pytest.raises(ConfigError, match=r"^GradientNorms .* not Own: .*GradientFlow"):
        trainer.fit(Own(), torch.utils.data.DataLoader(torch.ones(4, 3)))
