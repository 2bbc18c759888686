"""A value no study can run with is refused with its key, its value and what would do."""

import math

import pytest

from depthgauge.config import (
    Bounds,
    Config,
    Dataset,
    Evaluation,
    Experiment,
    Gradients,
    Spacing,
    plain,
    sized,
)
from depthgauge.errors import ConfigError

REFUSED = [
    (lambda: Experiment(hidden=[]), "hidden"),
    (lambda: Experiment(hidden=[30, 0]), "hidden"),
    (lambda: Experiment(hidden=[10**9]), "hidden"),
    (lambda: Experiment(l2=-1.0), "l2"),
    (lambda: Experiment(l2=math.nan), "l2"),
    (lambda: Experiment(batch_size=0), "batch_size"),
    (lambda: Experiment(train_size=5, batch_size=6, gradients=Gradients(every=0)), "batch_size"),
    (lambda: Experiment(steps=-1), "steps"),
    (lambda: Experiment(steps=10**9), "steps"),
    (lambda: Experiment(steps=10**7, gradients=Gradients(every=1)), "gradients.every"),
    (lambda: Experiment(steps=100, bounds=Bounds(every=10**7)), "bounds.every"),
    (lambda: Config(learning_rate=10**400), "learning_rate"),
    (lambda: Experiment(train_size=50), "gradients.images"),
    (lambda: Experiment(train_size=-1), "train_size"),
    (lambda: sized(Config(train_size=0, batch_size=10), 9), "batch_size"),
    (lambda: Gradients(every=-1), "gradients.every"),
    (lambda: Gradients(images=0), "gradients.images"),
    (lambda: Gradients(window=0), "gradients.window"),
    (lambda: Evaluation(every=-1), "evaluation.every"),
    (lambda: Evaluation(splits=["holdout"]), "evaluation.splits"),
    (lambda: Dataset(divide=0.0), "dataset.divide"),
    (lambda: Dataset(subtract=math.inf), "dataset.subtract"),
    (lambda: Dataset(name="../etc"), "dataset.name"),
    (lambda: Config(seeds=0), "seeds"),
    (lambda: Config(replicas=0), "replicas"),
    (lambda: Config(learning_rate=-0.1), "learning_rate"),
    (lambda: Config(learning_rate=math.inf), "learning_rate"),
    (lambda: Config(learning_rate="fast"), "learning_rate"),
    (lambda: Config(learning_rate=[0.1, 0]), "learning_rate"),
    (lambda: Config(learning_rate=[]), "learning_rate"),
    (lambda: Config(learning_rate=True), "learning_rate"),
    (lambda: Config(scale="banana"), "scale"),
    (lambda: Config(scale="smoke"), "scale"),
    (lambda: Config(scale="rates", at={"smoke": {}, "rates": [1]}), "scale"),
    (lambda: Config(model="magic"), "model"),
    (lambda: Config(model="magic", models={"tanh": {}}), "model"),
]


@pytest.mark.parametrize(("make", "key"), REFUSED)
def test_what_cannot_work_is_refused(make, key):
    """One line that starts with the key and its value."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(f"invalid {key}=") and "must be" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_instrument_that_is_off_limits_no_run():
    """The longest run of the texts, without evaluation or gradients."""
    off = Experiment(steps=5_000_000, gradients=Gradients(every=0), evaluation=Evaluation(every=0))
    assert off.steps == 5_000_000


def test_a_rate_or_a_list_of_rates():
    """Both are read as the rates of the replica table."""
    assert Config(learning_rate=0.5).learning_rates() == [0.5]
    assert Config(learning_rate=[0.1, 1]).learning_rates() == [0.1, 1]


def test_the_experiment_holds_no_running_keys():
    """Seeds, device and folders change no cell's key."""
    one = Config(seeds=3, out="here", tracking=False).experiment()
    assert plain(one) == plain(Experiment())
    assert type(one) is Experiment


def test_a_train_size_of_zero_is_the_whole_split():
    """What is asked for stays; 0 becomes the number of examples, whatever the data set."""
    assert sized(Config(train_size=0), 900).train_size == 900
    assert sized(Config(train_size=300), 900).train_size == 300


def test_plain_is_json():
    """Enums by value, dataclasses as dicts."""
    found = plain(Experiment(gradients=Gradients(spacing=Spacing.log)))
    assert found["gradients"]["spacing"] == "log"
    assert found["dataset"]["divide"] == 256.0
