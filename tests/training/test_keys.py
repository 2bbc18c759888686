"""Keys name content: what matters changes them, what does not leaves them alone."""

import contextlib
from dataclasses import fields, replace
from enum import Enum

import pytest

from depthgauge.config import Config, Experiment
from depthgauge.errors import ConfigError
from depthgauge.training import keys
from depthgauge.training.cell import build_cell
from depthgauge.training.limits import CHECKS
from depthgauge.training.procedures import PROCEDURES


def changed(value):
    """Another value of the same type, as little different as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, *value[-1:]] if value else [1]
    if isinstance(value, Enum):
        return next(other for other in type(value) if other is not value)
    for each in fields(value):
        with contextlib.suppress(ConfigError):  # a check forbids this one; try the next
            return replace(value, **{each.name: changed(getattr(value, each.name))})
    raise AssertionError(f"nothing in {value} can be changed")


@pytest.mark.parametrize("name", [each.name for each in fields(Experiment)])
def test_every_scientific_key_is_part_of_the_cells_key(name, monkeypatch):
    """Whatever its smallest change, the hash is another."""
    monkeypatch.setattr(keys, "code_digest", lambda procedure: "code")
    plain = keys.cell_key(Experiment(), "data", "cpu")
    other = replace(Experiment(), **{name: changed(getattr(Experiment(), name))})
    assert keys.cell_key(other, "data", "cpu") != plain


def test_data_code_device_and_torch_are_part_of_it(monkeypatch):
    """Whatever may change a last digit gives another key."""
    found = {
        keys.cell_key(Experiment(), "data", "cpu"),
        keys.cell_key(Experiment(), "other", "cpu"),
    }
    found.add(keys.cell_key(Experiment(), "data", "cuda"))
    monkeypatch.setattr(keys, "version", lambda name: "0")
    found.add(keys.cell_key(Experiment(), "data", "cpu"))
    monkeypatch.undo()
    monkeypatch.setattr(keys, "code_digest", lambda procedure: "edited")
    found.add(keys.cell_key(Experiment(), "data", "cpu"))
    assert len(found) == 5


def test_a_procedures_code_is_what_it_imports():
    """Back-propagation is part of descent's digest; the report and the claims are not."""
    graph = keys.imports_of("depthgauge.training.descent")
    assert {"depthgauge.nets.backpropagation", "depthgauge.probes.gradients"} <= set(graph)
    assert not {name for name in graph if ".report" in name or ".claims" in name}


def test_prose_is_not_code(tmp_path):
    """Comments and docstrings may be edited without training anything again; code may not."""
    versions = {
        "plain": "def f(x):\n    return x + 1\n",
        "prose": '"""Module."""\n# why\ndef f(x):\n    """Doc."""\n    return x + 1  # one\n',
        "code": "def f(x):\n    return x + 2\n",
    }
    for name, text in versions.items():
        (tmp_path / name).write_text(text)
    meaning = {name: keys._meaning(tmp_path / name) for name in versions}
    assert meaning["plain"] == meaning["prose"] != meaning["code"]


def test_more_seeds_keep_the_blocks_that_are_full():
    """Ten seeds, then thirty: the first block's key is the same."""
    few = build_cell(Config(seeds=10, replicas=10), "data", "cpu")
    many = build_cell(Config(seeds=30, replicas=10), "data", "cpu")
    assert [len(block.replicas) for block in many.blocks] == [10, 10, 10]
    assert many.blocks[0].key == few.blocks[0].key
    assert len({block.key for block in many.blocks}) == 3
    assert few.key == many.key


def test_rates_and_seeds_make_one_table():
    """Every rate gets every seed; with L2 no block mixes rates."""
    config = Config(seeds=3, replicas=4, learning_rate=[0.1, 0.5])
    table = [row for block in build_cell(config, "d", "cpu").blocks for row in block.replicas]
    assert sorted(table) == [(seed, rate) for seed in range(3) for rate in (0.1, 0.5)]
    decayed = build_cell(replace(config, l2=1.0), "d", "cpu")
    assert all(len({rate for _, rate in block.replicas}) == 1 for block in decayed.blocks)
    assert sum(len(block.replicas) for block in decayed.blocks) == 6


def test_every_procedure_says_what_it_cannot_do():
    """Two tables name the procedures, so that planning imports none of them."""
    assert CHECKS.keys() == PROCEDURES.keys()
