from dataclasses import replace

import pytest

from depthgauge.config import Config, Dataset, Gradients, Remedy, plain
from depthgauge.execution.run_parameters import run_parameters


def config(**changed):
    return plain(replace(Config(steps=100), **changed).experiment())


def test_what_matters_is_a_parameter():
    """The basic settings, what differs from its default, depth and seeds; no instrument."""
    given = config(l2=5.0, hidden=[30, 30], gradients=Gradients(every=7, images=50))
    assert run_parameters(given, {}, 4) == {
        "procedure": "descent",
        "dataset": "mnist",
        "hidden": [30, 30],
        "depth": 2,
        "activation": "sigmoid",
        "init": "nielsen_default",
        "cost": "cross_entropy",
        "batch_size": 10,
        "steps": 100,
        "l2": 5.0,
        "seeds": 4,
    }


def test_what_varies_is_a_parameter():
    """Under the name that the page varies it by; but the rate is that of each run."""
    axes = {"model": "he", "gradients.every": 7, "learning_rate": [0.1, 0.3], "dataset": "digits"}
    given = config(gradients=Gradients(every=7), dataset=Dataset("digits"))
    found = run_parameters(given, axes, 4)
    assert (found["model"], found["gradients.every"], found["dataset"]) == ("he", 7, "digits")
    assert "learning_rate" not in found and "dataset.name" not in found


@pytest.mark.parametrize("procedure", ["chain", "surfaces"])
def test_settings_that_a_procedure_does_not_read_are_left_out(procedure):
    """As the data set of a chain of neurons, which looks at none; its learning rate is "none"."""
    found = run_parameters(config(procedure=procedure), {}, 4)
    assert not {"dataset", "cost", "steps"} & set(found)
    assert found["learning_rate"] == "none"


def test_what_trains_nothing_has_no_learning_rate():
    """As networks that are looked at where they start."""
    assert run_parameters(config(steps=0), {}, 4)["learning_rate"] == "none"
    assert "learning_rate" not in run_parameters(config(steps=1), {}, 4)


def test_a_setting_of_a_section_has_a_dotted_name():
    found = run_parameters(config(procedure="remedies", remedy=Remedy(optimizer="adam")), {}, 1)
    assert found["remedy.optimizer"] == "adam"
    assert [name for name in found if name.startswith("remedy.")] == ["remedy.optimizer"]
