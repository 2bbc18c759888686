"""What a user's function does wrong is one sentence with its file and line."""

import re

import numpy as np
import pytest
import torch

from depthgauge.datasets.imported import imported
from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.initializers import initializer

HEAD = "import numpy as np\nimport torch\n"


def refused(looked_up, path):
    with pytest.raises(ConfigError) as caught:
        looked_up(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("def f(z):\n    return z[0]", r"line 3\) returns float32 of shape \(27,\) for float32 of"),
        ("def f(z):\n    return z.double()", r"line 3\) returns float64 of shape \(3, 27\) for"),
        ("def f(z):\n    return 1.0", r"line 3\) returns a float, and a tensor is needed"),
        ("def f(z):\n    return 1 / z", r"line 3\) returns inf at z=0; it must be finite"),
        ("def f(z):\n    return z.sqrt()", r"returns nan at z=-20"),
        ("def f(z):\n    return z.abs().sqrt()", r"has a derivative that returns nan at z=0"),
        ("def f(z):\n    return z.softmax(-1)", r"does not treat each number by itself"),
        ("def f(z):\n    return z + torch.rand(())", r"or not alike each time"),
        ("def f(z):\n    return z.mul_(2)", r"changes the tensor that it is given"),
        ("def f(z):\n    return z.detach() * 2", r"cannot be differentiated by autograd"),
        (
            "def f(z):\n    y = z * 2\n    raise ValueError('too large')",
            r"f raises ValueError: too large \(.*/code/module.*\.py, line 5\)",
        ),
        ("def f():\n    pass", r"raises TypeError"),
        ("f = 3", r"f in .*\.py is of type int, and a function is needed"),
        ("def g(z):\n    return z", r"\.py has no f; correct the name"),
        ("def f(z:\n    return z", r"\.py, line 3 is not valid Python"),
        ("import nosuch_package", r"ModuleNotFoundError: .*nosuch_package.* \(.*\.py, line 3\)"),
        ("1 / 0", r"cannot be imported: ZeroDivisionError: division by zero \(.*\.py, line 3\)"),
        (
            "def f(z):\n    return z * z\nf.derivative = lambda z: z",
            r"derivative of -?\d.* at z=.*, where differences of the function give",
        ),
        (
            "def f(z):\n    return z\nf.derivative = lambda z: z.nosuch",
            r"raises AttributeError.*, line 5\) in its derivative",
        ),
    ],
)
def test_a_wrong_activation_is_named_with_file_and_line(body, sentence, module):
    """Not found, not callable, raising, of another shape or type, not finite."""
    said = refused(activation, f"{module(HEAD + body)}.f")
    assert re.search(sentence, said), said
    assert said.startswith("activation=module_of_a_user")


def test_a_derivative_that_is_given_is_used(module):
    """Where the function is opaque to autograd: the cube, by numpy."""
    body = (
        "def f(z):\n    return torch.from_numpy(z.detach().numpy() ** 3)\n"
        "f.derivative = lambda z: 3 * z**2"
    )
    found, z = activation(f"{module(HEAD + body)}.f"), torch.linspace(-2, 2, 9)
    assert found.slope is not None
    torch.testing.assert_close(found.slope(z), 3 * z**2)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nosuch_module_of_mine.elu", "there is no module nosuch_module_of_mine in "),
        ("xml.nosuch.elu", "xml (.*) has no module nosuch"),
        ("torch.nosuch_function", "torch.* has no nosuch_function"),
        ("my functions.elu", "is not an import path"),
        (".elu", "is not an import path"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path, sentence):
    """With where it was looked for."""
    with pytest.raises(ConfigError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        activation(path)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("def f(r, n, m):\n    return np.zeros((n, m)), np.zeros(m)", "returns (5, 3) and (3,)"),
        ("def f(r, n, m):\n    return np.zeros((m, n))", "return two arrays, weights (3, 5)"),
        ("def f(r, n, m):\n    return None", "returns NoneType for 5 inputs and 3 units"),
        ("def f(r, n, m):\n    return np.full((m, n), np.nan), np.zeros(m)", "not a finite number"),
        (
            "def f(r, n, m):\n    return np.random.randn(m, n), np.zeros(m)",
            "draws other numbers from the same generator",
        ),
        ("def f(r, n, m):\n    return r.nosuch(), 0", "raises AttributeError"),
    ],
)
def test_a_wrong_initialization_is_refused(body, sentence, module):
    """Of another shape, not finite, or not drawn from the generator."""
    assert sentence in refused(initializer, f"{module(HEAD + body)}.f")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("def f(z, y):\n    return ((z - y) ** 2).sum()", "returns () for z of shape (2, 4, 3)"),
        ("def f(z, y):\n    return 0", "returns int for z"),
        ("def f(z, y):\n    return (z - y).sum(-1).log()", "not finite"),
        ("def f(z, y):\n    return (z - z.mean(1, True)).pow(2).sum(-1)", "examples share numbers"),
        ("def f(z, y):\n    return z.detach().sum(-1)", "cannot be differentiated"),
        ("def f(z):\n    return z", "raises TypeError"),
    ],
)
def test_a_wrong_cost_is_refused(body, sentence, module):
    """Of another shape, not finite, or not of one example by itself."""
    assert sentence in refused(cost, f"{module(HEAD + body)}.f")


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ("np.zeros((9, 4))", "returns a ndarray, and three things are needed"),
        ("(np.zeros((9, 4)), np.zeros(8), ['a'])", "one label for each image"),
        ("(np.zeros((9, 4)), np.zeros(9), [])", "for the names of the classes"),
        ("(np.full((20, 4), np.nan), np.zeros(20), ['a'])", "not finite"),
        ("(np.full((20, 4), 300), np.zeros(20), ['a'])", "whole numbers from 0 to 255"),
        ("(np.zeros((20, 4)), np.ones(20), ['a'])", "classes are the whole numbers from 0 to 0"),
        ("({'train': 0}, {'train': 0}, ['a'])", "returns no validation split"),
        ("1 / 0", "raises ZeroDivisionError: division by zero"),
    ],
)
def test_a_wrong_data_set_is_refused(returned, sentence, module):
    """Of another shape or range, without a split, or raising."""
    said = refused(imported, f"{module(f'{HEAD}def f():' + chr(10) + f'    return {returned}')}.f")
    assert sentence in said and ".py, line " in said


def test_arrays_are_cut_into_splits_that_share_no_image(module):
    """80, 10 and 10 percent, shuffled, each image once; the same each time."""
    body = (
        "def f():\n    return np.arange(200).reshape(100, 2) % 251, np.arange(100) % 2, ['a', 'b']"
    )
    path = f"{module(HEAD + body)}.f"
    one, two = imported(path), imported(path)
    splits = one.train, one.validation, one.test
    assert [len(each.labels) for each in splits] == [80, 10, 10] and one.hash == two.hash
    images = np.concatenate([each.images for each in splits])
    assert len(np.unique(images, axis=0)) == 100
    assert set(one.test.labels.tolist()) == {0, 1}  # sorted data would leave the last ones
    assert one.name == path and one.shape == (1, 2)


def test_splits_are_taken_as_they_are(module):
    """Mappings of arrays: nothing is shuffled."""
    body = (
        "def f():\n    parts = {n: np.full((k, 3, 2), k) for k, n in"
        " enumerate(('train', 'validation', 'test'), start=2)}\n"
        "    return parts, {n: np.zeros(len(p), int) for n, p in parts.items()}, ['a']"
    )
    found = imported(f"{module(HEAD + body)}.f")
    assert found.shape == (3, 2)
    assert [np.unique(each.images).tolist() for each in (found.train, found.test)] == [[2], [4]]
