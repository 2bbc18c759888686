"""The examples run as a user runs them, and say what is wrong with each network."""

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


def test_the_dense_net_vanishes_and_remedies_help(output, tmp_path):
    """Twelve default tanh layers: the weights are to blame, He's draw helps, a page is written."""
    said = output("mlp.py")
    assert "VANISHES" in said and "the weights' scale" in said
    assert "TRIED: He initialization" in said and "helps" in said
    assert (tmp_path / "flow.html").is_file()


def test_the_convolutional_net_vanishes(output):
    """Ten default convolutions lose the signal, seen by the Lightning callback."""
    assert "VANISHES" in output("cnn.py")


def test_the_transformer_is_healthy(output):
    """Pre-norm blocks carry the signal: no fault is named."""
    said = output("transformer.py")
    assert said and not any(fault in said for fault in ("VANISHES", "EXPLODES", "ALIKE", "DEAD"))
