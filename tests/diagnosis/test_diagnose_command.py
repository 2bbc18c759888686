"""`depthgauge diagnose`: from a function of the user's to verdicts, an exit code and a page."""

import json

import pytest

from depthgauge.cli.main import main
from depthgauge.diagnosis.serialize import from_json

NETS = """
import torch
from torch import nn
from torch.nn.functional import cross_entropy

def made(depth, gain):
    layers = []
    for _ in range(depth):
        layer = nn.Linear(16, 16)
        nn.init.normal_(layer.weight, std=(gain / 16) ** 0.5)
        layers += [layer, nn.Tanh()]
    net = nn.Sequential(*layers, nn.Linear(16, 4))
    x = torch.randn(8, 64, 16)
    batches = [(each, each[:, :4].argmax(dim=1)) for each in x]
    loss = lambda net, batch: cross_entropy(net(batch[0]), batch[1])
    return net, loss, batches, torch.optim.SGD(net.parameters(), lr=0.1)

def vanishing():
    return made(12, 0.25)

def healthy():
    return made(3, 1.0)

def raising():
    raise ValueError("no data here")

def number():
    return 5

def not_scalar():
    net, _, batches, optimizer = made(3, 1.0)
    return net, lambda net, batch: net(batch[0]), batches, optimizer
"""


@pytest.fixture
def diagnose(tmp_path, monkeypatch, capsys):
    """Run the command in a folder with a module of networks: (exit code, printed, errors)."""
    (tmp_path / "my_nets.py").write_text(NETS)
    (tmp_path / "script.py").write_text("import sys; sys.exit(0)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(*words):
        code = 0
        try:
            main(["diagnose", *words])
        except SystemExit as end:
            code = end.code
        return (code, *capsys.readouterr())

    return run


def test_a_fault_is_named_with_its_cause_and_ends_with_1(diagnose):
    """Twelve tanh layers with n Var W = 1/4 lose log10(2) each, by their weights."""
    code, said, _ = diagnose("my_nets:vanishing", "--steps", "0,20", "--seeds", "3")
    assert code == 1
    assert "VANISHES" in said and "the weights' scale" in said and "He initialization" in said


def test_a_healthy_network_ends_with_0(diagnose):
    """Nothing is found, and it is said that the signal carries."""
    code, said, _ = diagnose("my_nets:healthy", "--steps", "0,20", "--seeds", "3")
    assert code == 0 and "CARRIES" in said


def test_json_page_and_trials_together(diagnose, tmp_path):
    """Everything is in the JSON, the page is written, and what was tried has an effect."""
    words = ["--steps", "0,30", "--seeds", "4", "--try", "--json", "--page", "flow.html"]
    code, said, _ = diagnose("my_nets:vanishing", *words)
    diagnosis = from_json(said)
    assert code == 1 and "schema" in json.loads(said)
    effects = {trial.remedy: trial.effect for trial in diagnosis.trials}
    assert effects["He initialization"].low > 0
    assert "<html" in (tmp_path / "flow.html").read_text()


def test_a_remedy_is_tried_on_a_healthy_network_too(diagnose):
    """--remedy asks for one by name, whether or not a verdict names it; each is tried once."""
    words = ["--steps", "0,20", "--seeds", "2", "--remedy", "layer normalization"]
    code, said, _ = diagnose("my_nets:healthy", *words, "--remedy", "layer normalization", "--json")
    assert code == 0
    assert [trial.remedy for trial in from_json(said).trials] == ["layer normalization"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["my_nets"], "expected package.module:function"),
        (["nowhere:make"], "there is no module nowhere"),
        (["my_nets:nothing"], "has no function nothing; it has made, vanishing"),
        (["my_nets:healthy", "--steps", "soon"], "expected step numbers"),
        (["my_nets:healthy", "--seeds", "0"], "at least one seed"),
        (["my_nets:healthy", "--remedy", "prayer"], "choose one of He initialization, Glorot"),
        (["my_nets:raising"], "make raised ValueError: no data here"),
        (["my_nets.py:healthy"], "expected package.module:function"),
        (["./my_nets:healthy"], "expected package.module:function"),
        (["script:make"], "importing script ended the program (exit code 0): put what is to run"),
        (["my_nets:number"], "make must return (net, loss, batches)"),
        (["my_nets:not_scalar"], "scalar"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(diagnose, words, sentence):
    """What, where and what to do, on one line."""
    code, said, error = diagnose(*words)
    assert (code, said, error.count("\n")) == (2, "", 1)
    assert sentence in error


def test_a_page_that_cannot_be_written(diagnose, tmp_path):
    """A folder that does not exist: exit code 4, one sentence, and the verdicts all the same."""
    words = ["--steps", "0", "--seeds", "2", "--page", str(tmp_path / "no" / "flow.html")]
    code, said, error = diagnose("my_nets:healthy", *words)
    assert code == 4 and error.count("\n") == 1
    assert "CARRIES" in said
