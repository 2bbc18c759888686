"""A layer that is named by a mere number is shown with its class and size."""

import json
from dataclasses import replace

import pytest
import torch
from one_look import batch, cross_entropy, dense, look_at
from synthetic import chain, looks
from torch import nn

from depthgauge.diagnosis.describe import class_and_size
from depthgauge.diagnosis.findings import Diagnosis
from depthgauge.diagnosis.page import page_html
from depthgauge.diagnosis.readings import Kind, Site
from depthgauge.diagnosis.serialize import from_json
from depthgauge.diagnosis.verdicts import judge

HOSTILE = '<script>alert("x")</script>'


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Linear(64, 10), "Linear 64→10"),
        (nn.Conv2d(3, 8, 3), "Conv2d 3→8"),
        (nn.LSTM(4, 16), "LSTM 4→16"),
        (nn.GRUCell(4, 16), "GRUCell 4→16"),
        (nn.Embedding(1000, 32), "Embedding 1000→32"),
        (nn.MultiheadAttention(32, 4), "MultiheadAttention 32→32"),
        (nn.TransformerEncoderLayer(32, 4), "TransformerEncoderLayer"),
    ],
)
def test_a_module_is_described_by_its_class_and_its_inputs_and_outputs(module, text):
    assert class_and_size(module) == text


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("0", "0 (Linear 64→10)"),
        ("net.2", "net.2 (Linear 64→10)"),
        ("net.2 (call 2)", "net.2 (call 2) (Linear 64→10)"),
        ("encoder.layers.0.linear1", "encoder.layers.0.linear1"),
        ("fc1", "fc1"),
        ("head", "head"),
    ],
)
def test_only_a_name_that_ends_in_a_number_alone_needs_more(name, label):
    assert Site(name, Kind.linear, 1, name, 10, module="Linear 64→10").label == label


def test_a_sequential_net_is_read_with_what_its_numbers_stand_for():
    net = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), nn.Flatten())
    net.append(dense([144, 16, 10], nn.ReLU))
    look, _ = look_at(net, cross_entropy(net, *batch(32, 64)))
    labels = ["1 (Conv2d 1→4)", "3.0 (Linear 144→16)", "3.2 (Linear 16→10)"]
    assert [site.label for site in look.sites] == labels


def vanishing(module):
    """A chain named "0", "1", ..., as in a Sequential."""
    sites = tuple(
        replace(s, name=str(n), module=module, role="*") for n, s in enumerate(chain(-0.5))
    )
    given = looks(lambda _: sites)
    return Diagnosis(tuple(given), judge(given))


def test_sentences_and_the_page_show_it_and_json_keeps_it_apart():
    """JSON's "sites" are the names as before; the module is a field of its own."""
    diagnosis = vanishing("Linear 64→64")
    assert "the first layer, 0 (Linear 64→64): " in " ".join(str(diagnosis).split())
    assert page_html(diagnosis).count("0 (Linear 64→64)") == 2  # sentence and "Where"
    content = json.loads(diagnosis.as_json())
    assert content["verdicts"][0]["sites"][0] == "0"
    first = content["looks"][0]["sites"][0]
    assert (first["name"], first["module"]) == ("0", "Linear 64→64")


def test_json_without_the_field_is_still_read():
    content = json.loads(vanishing("Linear 64→64").as_json())
    for look in content["looks"]:
        for site in look["sites"]:
            del site["module"]
    assert {s.label for s in from_json(json.dumps(content)).looks[0].sites} >= {"0", "1"}


def test_a_users_class_name_is_escaped():
    page = page_html(vanishing(HOSTILE))
    assert "<script" not in page and "&lt;script&gt;" in page


def test_a_class_of_the_users_own_is_named():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8)

        def forward(self, x):
            return x + torch.tanh(self.linear(x))

    net = nn.Sequential(Block(), Block(), nn.Linear(8, 10))
    look, _ = look_at(net, cross_entropy(net, *batch(16, 8)))
    assert "0 (Block)" in {site.label for site in look.sites}
