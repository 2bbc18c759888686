"""On a CUDA GPU: the CPU's results within a tolerance, graphs bit for bit, no wait in a chunk."""

import diagnosis_checks
import gpu_checks
import pytest
import torch
from waiting import waiting_refused

pytestmark = [
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="torch sees no CUDA GPU on this machine"
    ),
    # A warning of some version of torch or Lightning about CUDA (TF32's settings have been renamed
    # in torch 2.9) says nothing of ours, and must not hide what these tests are for.
    pytest.mark.filterwarnings("default"),
]
CHECKS = gpu_checks.CHECKS | diagnosis_checks.CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_on_the_gpu(name, tmp_path):
    """What gpu_checks.py and diagnosis_checks.py say of each."""
    CHECKS[name]("cuda", tmp_path)


def test_a_wait_is_seen_and_the_mode_comes_back():
    """Torch raises at .item(), and the tests after this one may ask for numbers."""
    number = torch.ones(1, device="cuda")
    with pytest.raises(RuntimeError), waiting_refused("cuda"):
        number.item()
    assert number.item() == 1
