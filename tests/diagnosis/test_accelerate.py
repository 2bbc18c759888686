"""The recipe for Hugging Face Accelerate, exactly as docs/diagnosis.md gives it."""

import copy
from pathlib import Path

import pytest
import torch
from one_look import batch, dense
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

pytest.importorskip("accelerate")

PAGE = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")
RECIPE = PAGE.partition("## With Accelerate\n")[2].partition("```python\n")[2].partition("```")[0]
STEPS = 8


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch, tmp_path):
    """Accelerate reads its settings from the environment; the recipe writes its page here."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.chdir(tmp_path)


def training():
    """A network, its optimizer, and as many batches as steps."""
    net = dense([16, 12, 12, 12, 10], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    return net, optimizer, DataLoader(TensorDataset(*batch(8 * STEPS, 16)), batch_size=8)


def train_plainly(net, optimizer, loader, accumulate):
    """The same training in plain PyTorch, without Accelerate and without a look."""
    for number, (x, y) in enumerate(loader, 1):
        (cross_entropy(net(x), y) / accumulate).backward()
        if number % accumulate == 0:
            optimizer.step()
            optimizer.zero_grad()


@pytest.mark.parametrize(("accumulate", "looked_at"), [(1, [0, 1, 2, 4]), (2, [0, 1, 2])])
def test_the_recipe_looks_and_changes_nothing(accumulate, looked_at, monkeypatch, tmp_path):
    """Looks are taken at the usual optimizer steps; the weights are those of a plain training."""
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", str(accumulate))
    net, optimizer, loader = training()
    plain = copy.deepcopy(net)
    names = {"net": net, "optimizer": optimizer, "loader": loader, "cross_entropy": cross_entropy}
    exec(RECIPE, names)
    assert [look.step for look in names["flow"].looks] == looked_at
    assert all(look.problem is None and len(look.sites) == 4 for look in names["flow"].looks)
    assert (tmp_path / "flow.html").is_file()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    train_plainly(plain, optimizer, loader, accumulate)
    for ours, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
