"""Whatever a key of a study is set to: a config that can be planned, or one sentence."""

import json
import os
from dataclasses import fields, is_dataclass

import pytest
from guard import guarded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import VALUES, WORDS
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config, plain, sized
from depthgauge.errors import DepthgaugeError
from depthgauge.execution.assemble import out_folder
from depthgauge.planning.plan import checked
from depthgauge.planning.study_file import study_of
from depthgauge.training.cell import build_cell
from depthgauge.training.limits import check

pytestmark = pytest.mark.slow

SHARE = int(os.environ.get("DEPTHGAUGE_FUZZ", "2000")) / 2000
"""Of the inputs that CI takes: the soak asks for more."""


def keys(schema, prefix=""):
    for each in fields(schema):
        value = getattr(schema, each.name)
        yield f"{prefix}{each.name}"
        if is_dataclass(value):
            yield from keys(value, f"{prefix}{each.name}.")


KEYS = sorted(keys(Config()))
SCHEMA = OmegaConf.structured(Config)
BASE = {"at": {"quick": {}}, "train_size": 100, "gradients": {"images": 10}}


def few(count):
    """Settings for so many inputs in CI; the inputs of CI are always the same."""
    return settings(
        max_examples=max(int(count * SHARE), min(count, 10)),
        deadline=None,
        derandomize=SHARE <= 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def one_sentence(error):
    assert str(error) and "\n" not in str(error) and "Traceback" not in str(error)


def plannable(config, data):
    """Go as far with a config as a sweep does before it computes anything."""
    config = sized(config, len(data.train.labels))
    check(config, data)
    if config.seeds * len(config.learning_rates()) < 10_000:
        build_cell(config, data.hash, "cpu")
    out_folder(config)
    json.dumps(plain(config.experiment()), allow_nan=False)


@few(600)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=3))
def test_any_value_of_any_key_plans_or_is_refused(tiny_mnist, tmp_path_factory, chosen):
    """Wrong types, empty, huge, unicode, text that means something to a shell, SQL or HTML."""
    with guarded(tmp_path_factory.getbasetemp()):
        try:
            composed = OmegaConf.merge(SCHEMA, BASE)
            for key, value in chosen.items():
                OmegaConf.update(composed, key, value)
        except (OmegaConfBaseException, OverflowError, ValueError):
            return  # Hydra's to refuse: planning/hydra_errors.py says it in a sentence
        try:
            plannable(checked(composed), tiny_mnist)
        except DepthgaugeError as error:
            one_sentence(error)


@few(200)
@given(st.one_of(st.sampled_from(WORDS), st.text(max_size=30)))
def test_a_study_is_the_name_of_a_page_or_refused(name):
    """It becomes a folder of records and of artifacts."""
    try:
        found = study_of([f"study={name}"])
    except DepthgaugeError as error:
        one_sentence(error)
    else:
        assert found == name and "/" not in name and "." not in name


@pytest.mark.parametrize(
    "out", ["", ".", "..", "/tmp/x", "build", "build/..", "build/../../x", "x"]
)
def test_records_are_assembled_below_build_alone(out):
    """The folder is emptied of records: it must not be somebody's home."""
    with pytest.raises(DepthgaugeError, match="name a folder below build"):
        out_folder(Config(out=out))
