"""Where a cell is computed and how products are rounded: decided once, kept in the record."""

from dataclasses import replace

import pytest
import torch

from depthgauge.config import Config, Device, Experiment, Precision
from depthgauge.errors import ConfigError, ResourceError
from depthgauge.training.cell import build_cell
from depthgauge.training.device import (
    available_device,
    dtype,
    gpu,
    require_precision,
    set_products,
)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, False, "cuda"), (False, True, "cpu"), (False, False, "cpu")],
)
def test_auto_takes_cuda_above_quick_or_the_processor(cuda, mps, chosen, monkeypatch):
    """The pipeline runs alike with and without; Apple's, without float64, must be asked for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert available_device(Device.auto, "paper") == chosen
    assert available_device(Device.auto, "overnight") == chosen
    assert available_device(Device.auto, "quick") == available_device(Device.auto, "smoke") == "cpu"
    if cuda:
        assert available_device(Device.cuda, "quick") == "cuda"
    if mps:
        assert available_device(Device.mps) == "mps"


def test_tf32_is_for_cuda_alone():
    """One sentence elsewhere, that says what to do."""
    require_precision(Precision.tf32, "cuda")
    require_precision(Precision.float32, "cpu")
    with pytest.raises(ResourceError, match=r"precision=tf32 .* device=cpu .* precision=float32"):
        require_precision(Precision.tf32, "cpu")


@pytest.fixture
def tf32_allowed():
    """As an environment variable or another library might have left it."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    yield
    torch.backends.cuda.matmul.allow_tf32 = before


@pytest.mark.usefixtures("tf32_allowed")
def test_tf32_is_off_unless_asked():
    """Whatever it was before; weights are kept in float32 either way."""
    set_products(Precision.float32, "cpu")
    assert torch.backends.cuda.matmul.allow_tf32
    set_products(Precision.float32, "cuda")
    assert not torch.backends.cuda.matmul.allow_tf32
    set_products(Precision.tf32, "cuda")
    assert torch.backends.cuda.matmul.allow_tf32
    assert dtype(Precision.tf32) is dtype(Precision.float32) is torch.float32
    assert dtype(Precision.float64) is torch.float64


def test_a_record_names_its_gpu_and_tf32(monkeypatch):
    """Name, CUDA's version, whether products were rounded; nothing about a processor."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA X")
    assert gpu(Precision.float32, "cpu") == {}
    found = gpu(Precision.tf32, "cuda")["gpu"]
    assert found == {"name": "NVIDIA X", "cuda": torch.version.cuda, "tf32": True}
    assert gpu(Precision.float32, "cuda")["gpu"]["tf32"] is False


def test_the_key_knows_tf32_and_what_auto_became():
    """`device` itself is not part of it; what it resolved to is, and so is the rounding."""
    config = Config(seeds=2)
    cells = {build_cell(replace(config, device=each), "d", "cpu").key for each in Device}
    assert len(cells) == 1
    cells.add(build_cell(config, "d", "cuda").key)
    cells.add(build_cell(replace(config, precision=Precision.tf32), "d", "cuda").key)
    assert len(cells) == 3


def test_blocks_are_whole_cells_on_cuda_unless_replicas_says_otherwise():
    """A block follows from the config alone: no GPU's memory is asked, so any machine agrees."""
    config = Config(seeds=40, cpu_replicas=10)
    assert [len(build_cell(config, "d", each).blocks) for each in ("cpu", "mps", "cuda")] == [
        *(4, 4, 1)
    ]
    config = replace(config, replicas=20)
    assert [len(build_cell(config, "d", each).blocks) for each in ("cpu", "cuda")] == [2, 2]
    with pytest.raises(ConfigError, match="cpu_replicas=0"):
        Config(cpu_replicas=0)


def test_the_default_is_not_tf32():
    """Nobody gets it without asking."""
    assert Experiment().precision is Precision.float32
