"""Values that a procedure cannot use: refused before anything is computed.

Settings that it does not read at all are refused by training/settings.py.

Nothing here imports Lightning, whose import takes seconds, so that planning is quick; and none of
it is part of a record's key, so that a better sentence makes no record stale.
"""

from collections.abc import Callable

import numpy as np

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import COSTS, cost
from depthgauge.nets.initializers import initializer
from depthgauge.nets.remedied import find_normalization
from depthgauge.training.autoencoders import RANGES
from depthgauge.training.directions import find_optimizer
from depthgauge.training.settings import require_known
from depthgauge.user_code.lookup import is_path
from depthgauge.user_code.probe import user_probe


def check(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for what the experiment's procedure cannot do with these data."""
    require_known(experiment.procedure)
    CHECKS[experiment.procedure](experiment, data)


def _descent(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for an unknown name, or for more examples than the data set has."""
    activation(experiment.activation)
    initializer(experiment.init)
    cost(experiment.cost)
    if experiment.probe.every:
        user_probe(experiment.probe.function)
    if is_path(experiment.cost) and experiment.bounds.every:
        raise ConfigError(
            f"bounds.every={experiment.bounds.every} cannot be used with cost={experiment.cost}:"
            f" the bound is known for {', '.join(COSTS)}; set it to 0"
        )
    _require_examples(experiment, data)
    if experiment.dataset.stream and (data.name != "shapeset" or experiment.l2):
        raise ConfigError(
            f"dataset.stream=True cannot be used with dataset={data.name} and l2={experiment.l2}:"
            " only shapeset is generated without end, and l2 needs a number of examples"
        )


def _require_examples(experiment: Experiment, data: Prepared) -> None:
    if experiment.train_size > len(data.train.labels):
        raise ConfigError(
            f"train_size={experiment.train_size} is more than the {len(data.train.labels)}"
            f" training examples of {data.name}; ask for fewer"
        )


def _capacity(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for what cannot be trained, or when no layer is left to learn."""
    _descent(experiment, data)
    if experiment.capacity.frozen > len(experiment.hidden):
        raise ConfigError(
            f"capacity.frozen={experiment.capacity.frozen} freezes the output layer too:"
            f" choose {len(experiment.hidden)} or less"
        )


def _chain(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError unless every layer is one neuron."""
    initializer(experiment.init)
    if set(experiment.hidden) != {1}:
        raise ConfigError(
            f"procedure=chain cannot have hidden={experiment.hidden}: it is about neurons in a row,"
            " as in hidden=[1,1,1]"
        )


def _pretraining(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for what descent refuses, and for inputs that cannot be reconstructed."""
    _descent(experiment, data)
    _require_range(experiment)


def _require_range(experiment: Experiment) -> None:
    """Raise ConfigError unless the inputs lie within the output range of the units."""
    scale = experiment.dataset
    low, high = RANGES.get(experiment.activation, (0.0, 0.0))
    if -scale.subtract < low or 255 / scale.divide - scale.subtract > high:
        raise ConfigError(
            f"activation={experiment.activation}, dataset.divide={scale.divide:g},"
            f" dataset.subtract={scale.subtract:g} cannot be used for pre-training: auto-encoders"
            " of sigmoid units need inputs from 0 to 1 (divide=255, subtract=0), of tanh units from"
            " -1 to 1; other units are not supported"
        )


def _remedies(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for an unknown name or an impossible combination."""
    _descent(experiment, data)
    remedy = experiment.remedy
    find_optimizer(remedy.optimizer)
    find_normalization(remedy.normalization)
    _require_no_formulas_of_plain_layers(experiment)
    if experiment.pretraining.steps:
        _require_plain_layers(experiment)


def _require_no_formulas_of_plain_layers(experiment: Experiment) -> None:
    """Raise ConfigError where an instrument's formula does not hold for the net's layers."""
    remedy = experiment.remedy
    for name in ("jacobians", "output_speed", "bounds"):
        every = getattr(experiment, name).every
        if every and (remedy.normalization != "none" or remedy.residual):
            raise ConfigError(
                f"{name}.every={every} cannot be used with remedy.normalization="
                f"{remedy.normalization}, remedy.residual={remedy.residual}: its formula is that"
                " of plain layers; set it to 0"
            )


def _require_plain_layers(experiment: Experiment) -> None:
    """Raise ConfigError where the net's layers differ from the auto-encoders' plain ones."""
    _require_range(experiment)
    spent, steps, remedy = experiment.pretraining.steps, experiment.steps, experiment.remedy
    if spent >= steps:
        raise ConfigError(
            f"pretraining.steps={spent} cannot be used with steps={steps}: they are part of these,"
            " and some must be left for descent"
        )
    if remedy.normalization != "none" or remedy.residual or remedy.unit_variance:
        raise ConfigError(
            f"pretraining.steps={spent} cannot be used with remedy.normalization="
            f"{remedy.normalization}, remedy.residual={remedy.residual},"
            f" remedy.unit_variance={remedy.unit_variance}: it is for plain layers; set it to 0"
        )


def _second_order(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for what descent refuses, for another cost, for one example alone."""
    _descent(experiment, data)
    if experiment.cost not in ("nll", "cross_entropy") or experiment.batch_size < 2:
        raise ConfigError(
            f"procedure=second_order cannot have cost={experiment.cost},"
            f" batch_size={experiment.batch_size}: take nll or cross_entropy, and two examples or"
            " more"
        )


def _support_vectors(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for more examples than there are, or too few to hold every class."""
    _require_examples(experiment, data)
    present = len(np.unique(data.train.labels[: experiment.train_size]))
    if present < 2:
        raise ConfigError(
            f"train_size={experiment.train_size} holds {present} class of {data.name}, and"
            " procedure=support_vectors tells classes apart; ask for more examples"
        )


def _surfaces(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError unless the net has one hidden layer of tanh."""
    initializer(experiment.init)
    if experiment.activation != "tanh" or len(experiment.hidden) != 1:
        raise ConfigError(
            f"activation={experiment.activation}, hidden={experiment.hidden} cannot be used"
            " for procedure=surfaces: take activation=tanh and one hidden layer, as in hidden=[10]"
        )


CHECKS: dict[str, Callable[[Experiment, Prepared], None]] = {
    "capacity": _capacity,
    "chain": _chain,
    "descent": _descent,
    "pretraining": _pretraining,
    "second_order": _second_order,
    "support_vectors": _support_vectors,
    "remedies": _remedies,
    "surfaces": _surfaces,
}
"""By procedure (training/procedures.py)."""
