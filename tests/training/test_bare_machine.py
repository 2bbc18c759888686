"""What a machine with a GPU and little else can do: name cells, and compute them."""

import subprocess
import sys
from pathlib import Path

import depthgauge

MISSING = [
    *("numba", "llvmlite", "grimp", "beartype", "hydra", "mlflow", "dvc", "sklearn", "altair"),
    *("pypi_simple", "pytorch_optimizer"),
]
"""What depthgauge needs elsewhere; torch, Lightning with what it needs, and numpy are there."""

WITHOUT = f"""
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        there = name.partition(".")[0] not in {MISSING!r}
        return self.finder.find_spec(name, path, target) if there else None

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]

from importlib import metadata
installed = metadata.version

def version(package):
    if package == "depthgauge":  # the sources are there, and nothing of them is installed
        raise metadata.PackageNotFoundError(package)
    return installed(package)

metadata.version = version
"""

NAME = """
from depthgauge.config import Config
from depthgauge.training.cell import build_cell
print(build_cell(Config(), "data", "cuda").blocks[0].key)
unwanted = {"pytorch_lightning", "numba", "grimp", "sklearn"} & set(sys.modules)
assert not unwanted, unwanted
"""

COMPUTE = """
from pathlib import Path
import numpy as np
from depthgauge.config import Config, Evaluation
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.records import read
from depthgauge.training.cell import build_cell, compute_block, record_path

random = np.random.default_rng(1)
def split(count):
    labels = random.integers(0, 3, count).astype(np.uint8)
    return Split(random.integers(0, 256, (count, 25)).astype(np.uint8), labels)
splits = {"train": split(100), "validation": split(20), "test": split(20)}
data = assemble("small", (5, 5), ("a", "b", "c"), splits)
config = Config(hidden=[4], train_size=100, steps=20, seeds=2, evaluation=Evaluation(every=20))
(block,) = build_cell(config, data.hash, "cpu").blocks
compute_block(block, data, "cpu", Path(sys.argv[1]), lambda *_: [])
print(read(record_path(Path(sys.argv[1]), block)).gradient_step.values[-1])
"""


def bare(program, *words):
    """Run a program in which the missing packages cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + program, *words],
        capture_output=True,
        text=True,
        env={
            "PYTHONPATH": str(Path(depthgauge.__file__).parents[1]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PATH": "",
        },
    )


def test_a_cell_is_named_without_what_trains_it():
    """Neither what is missing there nor Lightning, whose import takes seconds."""
    found = bare(NAME)
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.strip()) == 32


def test_a_cell_is_computed_without_compiled_loops(tmp_path):
    """By matrix products, and one sentence says so."""
    found = bare(COMPUTE, str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "20"
    assert found.stderr.count("depthgauge: Numba is not installed") == 1


def test_tests_for_a_gpu_are_collected_there():
    """Pytest and its conftest need no more; whether there is a GPU is asked later."""
    root = Path(__file__).parents[2]
    program = (
        f"import pytest; sys.exit(pytest.main(['--co', '-q', {str(root / 'tests' / 'gpu')!r}]))"
    )
    found = bare(program)
    assert found.returncode == 0, found.stdout + found.stderr
