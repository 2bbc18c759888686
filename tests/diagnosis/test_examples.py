"""The examples run as a user runs them, and say what is wrong with each network.

README shows the output of mlp.py, so its test runs that one.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def output(tmp_path):
    """Run an example in an empty folder; return what it prints."""

    def run(name):
        command = [sys.executable, str(EXAMPLES / name)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_convolutional_net_vanishes(output):
    """Ten default convolutions lose the signal, seen by the Lightning callback."""
    assert "VANISHES" in output("cnn.py")


def test_the_transformer_is_healthy(output):
    """Pre-norm blocks carry the signal: no fault is named."""
    said = output("transformer.py")
    assert said and not any(fault in said for fault in ("VANISHES", "EXPLODES", "ALIKE", "DEAD"))
