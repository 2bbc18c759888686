"""bench/gpu.py where there is no GPU, and what it counts."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from problems import PROBLEMS, Problem

import gpu


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU: it would measure")
def test_without_a_gpu_one_sentence_and_exit_code_4():
    """Nothing is measured, no table begun."""
    found = subprocess.run(
        [sys.executable, "gpu.py"],
        cwd=Path(gpu.__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 4 and found.stdout == ""
    assert found.stderr.count("\n") == 1 and "device=cuda was asked for" in found.stderr


def test_the_bytes_are_those_of_a_small_net_counted_by_hand():
    """[3, 2, 1], one example: 6 and 2 weights, 3 inputs, 3 units."""
    tiny = Problem((3, 2, 1), "tanh", "nll", rate=0.1, l2=0.0, batch=1)
    weights = 6 * (1 + 2) + 2 * (1 + 1 + 2)
    inputs, units = 3 * (1 + 1 + 1 + 1), 3 * (1 + 2) * 2
    assert gpu.bytes_moved(tiny) == 4 * (weights + inputs + units)


def test_a_weights_traffic_is_nearly_all_of_a_wide_nets():
    """5 x 1,000 units hold 4.8 million weights: 4 passes of 4 bytes over most of them."""
    weights = 784 * 1000 + 4 * 1000**2 + 10_000
    assert gpu.bytes_moved(PROBLEMS["glorot"]) == pytest.approx(16 * weights, rel=0.05)
