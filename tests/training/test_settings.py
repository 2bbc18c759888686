"""Which settings a procedure reads: the table against what its code looks at, and its sentences."""

import json
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

from depthgauge.config import (
    Bounds,
    Capacity,
    Config,
    Dataset,
    Evaluation,
    Experiment,
    Gradients,
    Look,
    Precision,
    Pretraining,
    Remedy,
    Scale,
    Signal,
    Spacing,
    StepSizes,
    SupportVectors,
    Surface,
    UserProbe,
)
from depthgauge.datasets.prepared import Prepared, Split
from depthgauge.errors import ConfigError
from depthgauge.planning.plan import plan
from depthgauge.training.block import Block, Task
from depthgauge.training.cell import build_cell
from depthgauge.training.limits import check
from depthgauge.training.procedures import PROCEDURES, procedure
from depthgauge.training.settings import READS, require_settings_read

ROOT = Path(__file__).parents[2]
PAGES = {
    path.stem: list(yaml.safe_load(path.read_text(encoding="utf-8"))["at"])
    for path in sorted((ROOT / "conf" / "study").glob("*.yaml"))
}
"""The scales of every study."""

MEASURE = "reference.largest_bias"
"""A measurement as a user's own."""

ON = Config(
    hidden=[7, 6],
    dataset=Dataset(divide=255.0),
    train_size=100,
    batch_size=8,
    steps=6,
    precision=Precision.float64,
    gradients=Gradients(every=3, images=30, batch=True, window=2),
    evaluation=Evaluation(every=3, splits=["validation"]),
    saturation=Look(every=2, images=20),
    signal=Signal(every=2, images=20, histograms=2),
    jacobians=Look(every=1, images=1),
    output_speed=Look(every=2, images=20),
    bounds=Bounds(every=2, images=20, identities=1),
    probe=UserProbe(every=2, images=20, function=MEASURE),
)
"""Every instrument is on."""

OFF = Config(gradients=Gradients(every=0))

CONFIGS = {
    "descent": replace(ON, procedure="descent"),
    "capacity": replace(ON, procedure="capacity", capacity=Capacity(inserted=1)),
    "chain": replace(OFF, procedure="chain", hidden=[1, 1]),
    "pretraining": replace(ON, procedure="pretraining", pretraining=Pretraining(steps=2)),
    "remedies": replace(
        ON,
        procedure="remedies",
        activation="tanh",
        dataset=Dataset(divide=127.5, subtract=1.0),
        pretraining=Pretraining(steps=2),
        remedy=Remedy(optimizer="adam"),
    ),
    "second_order": replace(ON, procedure="second_order", step_sizes=StepSizes(every=2)),
    "support_vectors": replace(
        OFF,
        procedure="support_vectors",
        dataset=Dataset(divide=255.0),
        train_size=110,
        steps=6,
        support_vectors=SupportVectors([1.0], [1.0, 3.0]),
    ),
    "surfaces": replace(
        OFF,
        procedure="surfaces",
        activation="tanh",
        hidden=[4],
        surface=Surface(points=3, features=5, classes=3),
    ),
}
"""A small cell of each procedure in which all that it reads matters."""

LOADED = {"dataset.name"}
"""Whoever runs a procedure loads the data: no procedure reads their name."""
BUILT_IN = {"remedies": {"l2"}, "second_order": {"l2"}}
"""What descent's builder works out, and these procedures' updates leave alone."""


def leaves(experiment):
    """Every key of an experiment, dotted, with its value."""
    for each in fields(Experiment):
        value = getattr(experiment, each.name)
        if is_dataclass(value):
            yield from ((f"{each.name}.{at.name}", getattr(value, at.name)) for at in fields(value))
        else:
            yield each.name, value


KEYS = [key for key, _ in leaves(Experiment()) if key != "procedure"]


def declared(name):
    return {key for key in KEYS if READS[name] & {key, key.partition(".")[0]}}


def with_key(config, key, value):
    section, _, name = key.partition(".")
    needed = {"function": MEASURE} if key == "probe.every" else {}
    new = replace(getattr(config, section), **{name: value}, **needed) if name else value
    return replace(config, **{section: new})


def another(key, value):
    """Another value that the checks let pass."""
    special = {
        "train_size": lambda: value - 1,
        "hidden": lambda: [*value, value[-1]],
        "activation": lambda: "sigmoid" if value == "tanh" else "tanh",
        "dataset.name": lambda: "shapeset",
        "evaluation.splits": lambda: ["test"],
        "pretraining.masked": lambda: 0.5,
        "step_sizes.memory": lambda: 0.5,
        "bounds.identities": lambda: value + 1 if value else 2,
    }
    if key in special:
        return special[key]()
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, value[-1]]
    assert isinstance(value, Enum)
    return next(each for each in type(value) if each is not value)


def recording(experiment, seen):
    """The experiment, whose keys note themselves in `seen` as code outside config/ reads them."""
    quiet = (str(ROOT / "src/depthgauge/config"), "dataclasses.py")

    def noting(kind, prefix):
        names = {each.name for each in fields(kind)}

        class Noting(kind):
            def __getattribute__(self, name):
                value = object.__getattribute__(self, name)
                caller = sys._getframe(1).f_code.co_filename
                ours = not caller.startswith(quiet[0]) and not caller.endswith(quiet[1])
                if name in names and ours and not is_dataclass(value):
                    seen.add(prefix + name)
                return value

        return Noting

    values = {}
    for each in fields(Experiment):
        value = getattr(experiment, each.name)
        if is_dataclass(value):
            kept = {at.name: getattr(value, at.name) for at in fields(value)}
            value = noting(type(value), f"{each.name}.")(**kept)
        values[each.name] = value
    return noting(Experiment, "")(**values)


def ran(experiment, data, folder, replicas=((0, 0.1),)):
    folder.mkdir(exist_ok=True)
    block = Block(experiment, list(replicas), "key", "cell")
    task = Task(block, data, "cpu", folder, lambda *_: [])
    return procedure(experiment.procedure).run(task)


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_table_says_what_the_code_reads(name, small_data, tmp_path):
    """A cell is run while every access to its settings is noted: the same keys, no more."""
    seen = set()
    data = replace(small_data, name="shapeset")
    experiment = recording(CONFIGS[name].experiment(), seen)
    check(experiment, data)
    ran(experiment, data, tmp_path)
    found = seen - {"procedure"} - BUILT_IN.get(name, set())
    assert found == declared(name) - LOADED


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_only_the_builder_reads_changes_no_number(name, small_data, tmp_path):
    """With and without L2 the records are the same to the last bit."""
    experiment = CONFIGS[name].experiment()
    plain = ran(experiment, small_data, tmp_path / "a")
    other = ran(replace(experiment, l2=3.0), small_data, tmp_path / "b")
    xr.testing.assert_identical(plain, other)


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_learning_rate_matters_where_the_table_says_so(name, small_data, tmp_path):
    """Two replicas of one seed at two rates differ in some number, or in none."""
    record = ran(CONFIGS[name].experiment(), small_data, tmp_path, [(0, 0.1), (0, 0.7)])
    numbers = record.drop_vars("learning_rate")
    one, two = (numbers.isel(replica=at) for at in (0, 1))
    assert one.identical(two) != ("learning_rate" in READS[name])


@pytest.mark.parametrize("name", PROCEDURES)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_read_changes_the_cells_key_and_no_other_may_be_given(name, key):
    """Of each procedure, each setting."""
    config = CONFIGS[name]
    if name == "support_vectors":
        config = replace(config, train_size=1000)  # more images than any instrument's default
    other = with_key(config, key, another(key, dict(leaves(config))[key]))
    require_settings_read(config, [])
    keys = [build_cell(each, "data", "cpu").key for each in (config, other)]
    assert (keys[0] != keys[1]) == (key in declared(name))
    if key in declared(name):
        require_settings_read(other, [key])
        return
    for swept in ([], [key]):
        with pytest.raises(ConfigError, match=rf"^{key}=.*would change nothing.*{name}"):
            require_settings_read(other, swept)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (replace(ON, gradients=Gradients(every=0, spacing=Spacing.log)), "gradients.spacing=log"),
        (replace(ON, gradients=Gradients(every=3, images=9, window=2)), "gradients.window=2"),
        (replace(ON, bounds=Bounds(images=7)), "bounds.images=7"),
        (replace(ON, saturation=Look(images=7)), "saturation.images=7"),
        (replace(ON, evaluation=Evaluation(images=7)), "evaluation.images=7"),
        (replace(CONFIGS["pretraining"], pretraining=Pretraining(rate=3)), "pretraining.rate=3"),
        (replace(CONFIGS["capacity"], activation="tanh"), "capacity.inserted=1"),
        (replace(OFF, learning_rate=3), "learning_rate=3"),
    ],
)
def test_a_setting_that_another_one_switches_off_is_refused(config, sentence):
    """The sentence says what it needs; a sweep may have the switch on in another cell."""
    with pytest.raises(ConfigError, match=rf"^{sentence} would change nothing: it needs \S+ \S+"):
        require_settings_read(config, [])
    require_settings_read(config, ["model"])


def test_what_a_page_says_of_an_instrument_that_the_command_line_switches_off_is_idle():
    """gradients.every=0 on a page with gradients.spacing=log plans; both words are refused."""
    off = replace(ON, gradients=Gradients(every=0, spacing=Spacing.log, images=50))
    require_settings_read(off, [], {"gradients.every"})
    for word in ("gradients.spacing", "gradients.images"):
        with pytest.raises(ConfigError, match=f"^{word}=.* needs gradients.every above 0"):
            require_settings_read(off, [], {"gradients.every", word})


def test_instruments_of_no_procedure_are_off_in_its_record():
    """A chain looks at no gradients, whatever the default is."""
    for config in (CONFIGS["chain"], replace(CONFIGS["chain"], gradients=Gradients())):
        assert build_cell(config, "data", "cpu").experiment.gradients.every == 0


def test_a_page_may_set_what_one_of_its_procedures_reads():
    """As glorot_svm does for its net; what is swept must be read by every cell."""
    models = {"svm": {"procedure": "support_vectors"}, "net": {"procedure": "descent"}}
    config = replace(CONFIGS["support_vectors"], models=models, model="svm", activation="tanh")
    require_settings_read(config, ["model"])
    with pytest.raises(ConfigError, match="activation=tanh would change nothing"):
        require_settings_read(config, ["model", "activation"])
    assert build_cell(config, "data", "cpu").experiment.activation == "sigmoid"


@pytest.mark.parametrize(
    ("page", "scale"),
    [
        pytest.param(page, scale, marks=[pytest.mark.slow] * (scale != "smoke"))
        for page, scales in PAGES.items()
        for scale in scales
    ],
)
def test_every_page_plans_at_every_scale(page, scale, monkeypatch):
    """With data of any size, and each cell with a key of its own and all that is said of it."""
    assert {"smoke", "quick", "paper"} <= set(PAGES[page]) <= set(Scale)
    monkeypatch.chdir(ROOT)
    split = Split(np.zeros((100_000, 1), np.uint8), (np.arange(100_000) % 10).astype(np.uint8))
    digits = tuple("0123456789")

    def data(name):
        return Prepared(name, (1, 1), digits, name, split, split, split)

    monkeypatch.setattr("depthgauge.planning.plan.prepared_data", data)
    planned = plan([f"study={page}", f"scale={scale}"])
    assert len({each.cell.key for each in planned}) == len(planned) > 0
    for each in planned:
        notebook = each.config.notebook
        assert each.study == page and notebook["source"] and notebook["question"].endswith("?")
        assert set(notebook["minutes"]) == set(PAGES[page])
        assert json.dumps(notebook)


def test_planning_what_is_read_needs_no_torch():
    """A status must not wait for it."""
    code = "import sys, depthgauge.training.settings; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
