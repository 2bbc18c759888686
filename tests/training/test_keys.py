"""Keys name content: what matters changes them, what does not leaves them alone."""

import ast
import contextlib
import inspect
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from enum import Enum

import grimp
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
    monkeypatch.setattr(keys, "installed", lambda name: "0")
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


@pytest.mark.parametrize("name", PROCEDURES)
def test_what_a_procedure_imports_is_what_grimp_finds(name):
    """The tool behind import-linter, on the same sources."""
    graph = grimp.build_graph("depthgauge", cache_dir=None)
    module = PROCEDURES[name]
    assert keys.imports_of(module) == sorted({module, *graph.find_upstream_modules(module)})


def test_prose_is_not_code():
    """Comments and docstrings may be edited without training anything again; code may not."""
    versions = {
        "plain": "def f(x):\n    return x + 1\n",
        "prose": '"""Module."""\n# why\ndef f(x):\n    """Doc."""\n    return x + 1  # one\n',
        "code": "def f(x):\n    return x + 2\n",
    }
    meaning = {name: keys._meaning(ast.parse(text)) for name, text in versions.items()}
    assert meaning["plain"] == meaning["prose"] != meaning["code"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(a, b)", "f(b, a)"),
        ("f(a, [])", "f(a)"),
        ("f([a, b], [c])", "f([a], [b, c])"),
        ("x = 1", "x = True"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x: int = 1"),
        ("return_ = None", "return_ = ..."),
        ("a - b - c", "a - (b - c)"),
        ("def f(a, *, b): ...", "def f(a, b): ..."),
        ("def f(a, b=1): ...", "def f(a, *, b=1): ..."),
        ("if a:\n    b\nc", "if a:\n    b\nelse:\n    c"),
    ],
)
def test_what_means_something_else_reads_differently(one, other):
    """Nothing that is left out of the text tells two programs apart."""
    assert keys._meaning(ast.parse(one)) != keys._meaning(ast.parse(other))


def test_fields_of_later_pythons_change_nothing():
    """Python 3.12 adds an empty list of type parameters to every function and class."""
    source = "class A:\n    def f(self):\n        return 1\n"
    later = ast.parse(source)
    for node in ast.walk(later):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            node._fields = (*type(node)._fields, "type_params")
            node.type_params = []
    assert keys._meaning(later) == keys._meaning(ast.parse(source))


def starts(python):
    """Whether it is one: a version manager's placeholder is there for versions that are not."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


FOUND = filter(None, map(shutil.which, ("python3.12", "python3.13")))
OTHER_PYTHONS = [path for path in FOUND if starts(path)]


@pytest.mark.skipif(not OTHER_PYTHONS, reason="no other Python is on the path")
def test_every_python_reads_the_sources_alike():
    """All modules of the package, in the Pythons of this machine: keys.py needs nothing else."""
    code = inspect.getsource(keys)
    body = code[code.index("def _meaning") : code.index("def _digest")]
    program = (
        "import ast, hashlib, pathlib, sys\nfrom typing import Any\n"
        "from collections.abc import Iterator\n" + body + "\n"
        "texts = [_meaning(ast.parse(p.read_text(encoding='utf-8')))"
        " for p in sorted(pathlib.Path(sys.argv[1]).rglob('*.py'))]\n"
        "print(len(texts), hashlib.sha256(''.join(texts).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [python, "-c", program, str(keys.ROOT)], capture_output=True, text=True, check=True
        ).stdout
        for python in (sys.executable, *OTHER_PYTHONS)
    }
    assert len(found) == 1


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
