"""The core installs without the pipeline; each command then names the extra that it needs."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from depthgauge.cli.main import COMMANDS, PIPELINE

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

TEXT = {"capture_output": True, "text": True}

ARGUMENTS = {"compare": ["results/claims.json", "results/claims.json"], "completion": ["bash"]}
"""What some commands require before they do anything."""

WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def run_without(absent, code):
    """Run code in a Python where the packages `absent` are not installed."""
    lines = WITHOUT.format(absent=set(absent)) + code
    return subprocess.run([sys.executable, "-c", lines], cwd=ROOT, **TEXT)


def test_the_table_names_what_the_extra_installs():
    """Each import name in PIPELINE comes from a requirement of the extra, and none is missing."""
    extra = PROJECT["optional-dependencies"]["pipeline"]
    asked = {canonicalize_name(Requirement(each).name) for each in extra}
    found = packages_distributions()
    brought = {canonicalize_name(d) for name in PIPELINE for d in found[name]}
    assert asked <= brought


@pytest.mark.parametrize("stage", sorted(set(COMMANDS) - {"diagnose", "init"}))  # core alone
def test_a_command_on_the_core_wheel_names_the_extra(stage):
    """Without the extra a command ends in one sentence, exit code 4, and no traceback."""
    words = [stage, *ARGUMENTS.get(stage, [])]
    call = f"from depthgauge.cli.main import main; main({words!r})"
    done = run_without(PIPELINE, call)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr
    assert "pip install 'depthgauge[pipeline]'" in done.stderr
