import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from depthgauge.tracking.store import Store, open_store


def pytest_itemcollected(item: pytest.Item) -> None:
    # MLflow 3.17 still asks SQLAlchemy 2.1 for what that has deprecated; not ours to change.
    item.add_marker(pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning"))


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose database is empty; creating the schema takes seconds, so it is done once."""
    root = tmp_path_factory.mktemp("blank")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        open_store(root)
    return root


@pytest.fixture
def root(blank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh project, in a folder whose name has a space, with an empty database."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Path(shutil.copytree(blank, tmp_path / "my project"))


@pytest.fixture
def store(root: Path) -> Store:
    return open_store(root)


@pytest.fixture
def make_record() -> Callable[..., xr.Dataset]:
    """Make a record of random numbers: `layers`, seeds, steps and attributes to choose."""

    def make(layers: int = 2, seeds: int = 4, steps: int = 6, **attrs: object) -> xr.Dataset:
        draw = np.random.default_rng([layers, seeds, steps])
        per_layer = ("replica", "gradient_step", "layer")
        variables = {
            "bias_gradient_norm": (per_layer, draw.lognormal(size=(seeds, steps, layers))),
            "probe_cost": (per_layer[:2], draw.lognormal(size=(seeds, steps))),
            "accuracy_validation": (("replica", "evaluation_step"), draw.uniform(size=(seeds, 3))),
            "bias_gradient": ((*per_layer, "unit"), draw.normal(size=(seeds, steps, layers, 5))),
            "diverged_at": ("replica", np.full(seeds, -1)),
        }
        coords = {
            "seed": ("replica", np.arange(seeds)),
            "learning_rate": ("replica", np.full(seeds, 0.1)),
            "layer": np.arange(1, layers + 1),
            "gradient_step": np.arange(steps) * 10,
            "evaluation_step": np.arange(3) * 25,
        }
        hidden = [30] * (layers - 1)
        described = {
            "study": "nielsen_training_speed",
            "scale": "quick",
            "label": f"hidden={hidden}",
            "config": {"hidden": hidden, "gradients": {"every": 10}},
            "notebook": {"question": "How fast does each layer learn?", "claims": ["a", "b"]},
            "data": {"name": "mnist", "hash": "d1" * 32},
            "cell": f"cell{layers}",
            "keys": [f"block{layers}"],
            "params": {"hidden": hidden, "depth": layers - 1, "seeds": seeds},
            "learning_rates": [0.1],
        }
        return xr.Dataset(variables, coords, described | attrs)

    return make
