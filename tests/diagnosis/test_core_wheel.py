"""The diagnosis with what the core wheel installs: torch, numpy, scipy and jinja2."""

import json
import subprocess
import sys

import pytest

LIGHTNING = {"pytorch_lightning", "lightning", "torchmetrics"}
PIPELINE = LIGHTNING | {
    *("PIL", "altair", "dvc", "filelock", "grimp", "hydra", "hydra_plugins", "jaxtyping", "mlflow"),
    *("numba", "omegaconf", "psutil", "pypi_simple", "pytorch_optimizer", "requests"),
    *("rich", "safetensors", "sklearn", "threadpoolctl", "tqdm", "vl_convert", "xarray", "yaml"),
}
NEEDED_BY_TORCH = {"filelock"}

WITHOUT = "import sys; sys.modules.update(dict.fromkeys({absent!r}))\n"
"""Then an import fails, and importlib.util.find_spec finds nothing, as in their absence."""

NET = """
import torch
from torch import nn

def make():
    layers = [each for _ in range(12) for each in (nn.Linear(16, 16), nn.Tanh())]
    net = nn.Sequential(*layers, nn.Linear(16, 4))
    batches = [(x, x[:, :4].argmax(dim=1)) for x in torch.randn(16, 64, 16)]
    return net, lambda net, batch: nn.functional.cross_entropy(net(batch[0]), batch[1]), batches
"""

DIAGNOSED = """
from depthgauge import diagnose
report = diagnose(make, steps=(0, 20), seeds=3)
report.page("flow.html")
print(report.as_json())
"""

WATCHED = """
from depthgauge import watch
net, loss, batches = make()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
with watch(net, optimizer) as flow:
    for batch in batches:
        loss(net, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
flow.page("flow.html")
print(flow.diagnosis.as_json())
"""


@pytest.fixture
def python(tmp_path):
    """Run code in an empty folder, in a Python where the packages `absent` are not installed."""

    def run(code, absent=()):
        lines = WITHOUT.format(absent=set(absent)) + code
        command = [sys.executable, "-c", lines]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("code", [DIAGNOSED, WATCHED], ids=["diagnose", "watch"])
def test_a_net_is_diagnosed_without_the_pipeline(python, tmp_path, code):
    """Verdicts, JSON and page come out where no package of the extra `pipeline` is installed."""
    done = python(NET + code, PIPELINE - NEEDED_BY_TORCH)
    assert done.returncode == 0, done.stderr
    findings = {each["finding"] for each in json.loads(done.stdout)["verdicts"]}
    assert "vanishes" in findings
    assert "vanishes" in (tmp_path / "flow.html").read_text(encoding="utf-8")


def loaded(python, code):
    """Return which of torch and Lightning the code has loaded."""
    done = python(code + "\nimport sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return {"torch", "pytorch_lightning"} & set(done.stdout.split())


def test_importing_the_package_loads_neither_torch_nor_lightning(python):
    """`import depthgauge` is quick; `watch` and `diagnose` need torch, GradientFlow both."""
    assert loaded(python, "import depthgauge") == set()
    assert loaded(python, "from depthgauge import watch, diagnose") == {"torch"}
    both = {"torch", "pytorch_lightning"}
    assert loaded(python, "from depthgauge import GradientFlow") == both


def test_without_lightning_the_callback_names_the_extra(python):
    """One sentence that says what is missing and how to get it."""
    done = python("from depthgauge import GradientFlow", LIGHTNING)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: GradientFlow needs PyTorch Lightning")
    assert "pip install 'depthgauge[lightning]'" in last


def test_another_missing_package_is_said_as_it_is(python):
    """Only Lightning's absence is explained; whatever else is missing keeps its own name."""
    done = python("from depthgauge import watch", {"scipy"})
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError") and "scipy" in last
