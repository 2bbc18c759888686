"""What a user's measurement does wrong is refused before anything is trained."""

import pytest

from depthgauge.config import UserProbe
from depthgauge.errors import ConfigError
from depthgauge.user_code.probe import user_probe


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return layers.weights[0]", r"returns \(2, 4, 5\) for 2 networks of 3 layers"),
        ("return 1.0", r"returns float for 2 networks"),
        ("return torch.ones(2, 2)", r"returns \(2, 2\)"),
        ("return torch.ones(2, 3, dtype=int)", "floating-point"),
        ("return layers.nosuch", r"raises AttributeError.*, line 5\)"),
        ("return layers.biases[0].sub_(1)[:, 0]", "changes what it is given"),
        ("return layers.biases[0].sub(layers.biases[0].mean())[:, 0]", "share numbers"),
    ],
)
def test_a_wrong_one_is_refused(body, sentence, module):
    """With file and line, before anything is trained."""
    text = f"import torch\n\n\ndef f(layers):\n    {body}"
    path = f"{module(text)}.f"
    with pytest.raises(ConfigError, match=sentence) as caught:
        user_probe(path)
    assert str(caught.value).startswith(f"probe.function={path}")


def test_a_name_that_is_no_import_path_is_refused():
    """And so is an empty one, where something is to be measured."""
    for name in ("", "dead"):
        with pytest.raises(ConfigError, match="import path of a function"):
            UserProbe(every=1, function=name)
    UserProbe(every=0)
