"""A user's code is part of a cell's key, with what it imports from the same place."""

from dataclasses import replace

import pytest

from depthgauge.config import Experiment, Remedy
from depthgauge.training.keys import cell_key, user_code
from depthgauge.user_code.names import short_names
from depthgauge.user_code.sources import installed_version, sources

FILES = {
    "mine/__init__.py": "",
    "mine/helper.py": "SLOPE = 2\n",
    "mine/far.py": "from . import helper\n",
    "mine/unused.py": "X = 1\n",
    "mine/deep/__init__.py": "from ..far import helper\n",
    "mine/deep/elu.py": 'import numpy\n\ndef elu(z):\n    """Doc."""\n    return z\n',
    "beside.py": "def tanh(z):\n    import friend\n    return z\n",
    "friend.py": "from mine.helper import SLOPE\n",
}


@pytest.fixture
def written(module, tmp_path):
    """The files, on Python's path; return their folder."""
    for name, text in FILES.items():
        module(text, name.removesuffix(".py").replace("/", "."))
    return tmp_path / "code"


def test_a_package_is_its_module_and_what_that_imports(written):
    """Packages' own files count, relative imports too; what nobody imports does not."""
    found = sources("mine.deep.elu.elu")
    assert list(found) == ["mine", "mine.deep", "mine.deep.elu", "mine.far", "mine.helper"]
    assert found["mine.deep"] == written / "mine" / "deep" / "__init__.py"


def test_a_module_in_a_folder_is_what_it_imports_from_there(written):
    """Inside a function, too."""
    assert list(sources("beside.tanh")) == ["beside", "friend", "mine", "mine.helper"]


@pytest.mark.parametrize(
    ("file", "text", "same"),
    [
        ("mine/helper.py", "SLOPE = 3\n", False),
        ("mine/deep/elu.py", "def elu(z):\n    return 2 * z\n", False),
        ("mine/unused.py", "X = 2\n", True),
        ("mine/deep/elu.py", "import numpy\n# why\ndef elu(z):\n    return z\n", True),
    ],
)
def test_an_edit_changes_the_key_where_it_means_something(file, text, same, written):
    """That of a module far away, too; comments and docstrings do not."""
    experiment = Experiment(activation="mine.deep.elu.elu")
    before = cell_key(experiment, "data", "cpu")
    (written / file).write_text(text)
    assert (cell_key(experiment, "data", "cpu") == before) is same


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "beside.tanh"},
        {"init": "beside.tanh"},
        {"cost": "beside.tanh"},
        {"remedy": Remedy(optimizer="beside.tanh")},
        {"remedy": Remedy(normalization="beside.tanh")},
    ],
)
def test_every_key_that_takes_a_path_counts(change, written):
    """Its digest is in the record's attributes, by its path."""
    assert list(user_code(replace(Experiment(), **change))) == ["beside.tanh"]


def test_installed_packages_go_by_their_version():
    """Theirs is not read, file by file."""
    assert sources("torch.nn.functional.elu") == {}
    assert installed_version("torch.nn.functional.elu").startswith("torch 2.")
    assert installed_version("sklearn.datasets.load_digits").startswith("scikit-learn ")
    assert user_code(Experiment(activation="torch.nn.functional.elu")).keys() == {
        "torch.nn.functional.elu"
    }
    assert user_code(Experiment()) == {}


def test_labels_show_the_last_part_of_a_path_unless_two_share_it():
    """As few parts as set each apart; what is no path stays."""
    found = short_names(["a.b.elu", "a.c.elu", "d.silu", "tanh", 0.5, "c.elu"])
    assert found == {"a.b.elu": "b.elu", "a.c.elu": "a.c.elu", "d.silu": "silu", "c.elu": "c.elu"}
