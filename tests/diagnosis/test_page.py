"""The page, the JSON and the text of a diagnosis."""

import html.parser
import itertools
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from synthetic import WEIGHTS, chain, changed, looks

from depthgauge.diagnosis.charts import loss_chart, profile_chart
from depthgauge.diagnosis.findings import Diagnosis, Interval, Trial
from depthgauge.diagnosis.page import page_html, write_page
from depthgauge.diagnosis.readings import Look
from depthgauge.diagnosis.serialize import SCHEMA, from_json, to_dict, to_json
from depthgauge.diagnosis.text import trial_sentence
from depthgauge.diagnosis.verdicts import judge
from depthgauge.errors import DataError, ResourceError

HOSTILE = '"><script>alert(1)</script><img src=x onerror=y>'
TRIAL = Trial("layer normalization", 2.3, 0.4, Interval(1.7, 2.1, "initializations", 5), 100)
VOID = {"meta", "br", "img", "input", "link", "hr"}


def diagnosed(given, **more):
    return Diagnosis(tuple(given), judge(given), (TRIAL,), "TanhNet", {"torch": "2"}, **more)


def vanishing():
    facts = {"fan_in": 64, "weight_variance": 1 / 192, "bias_variance": 0.0}
    return looks(lambda _: chain(-0.5, parts=WEIGHTS, **facts))


class Reader(html.parser.HTMLParser):
    """Collects tags, text and attributes, and checks that tags close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.text += " "
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if self.open and self.open[-1] != "style" else ""


def read(page):
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return reader


def test_the_page_says_the_verdict_the_numbers_the_remedies_and_the_trial():
    page = read(page_html(diagnosed(vanishing())))
    text = " ".join(page.text.split())
    for part in (
        "Vanishes",
        "The learning signal vanishes on its way back",
        "−3.00 decades",
        "the same in all 8 batches",
        "not for other initializations",
        "Most of it comes from the weights' scale",
        "He initialization",
        "layer normalization ✓ helps 2.3 0.4 1.9 [1.7, 2.1] 5 initializations, 100 steps",
        "lasting since step 0",
        "theory, before any data",
    ):
        assert part in text
    assert page.tags.count("svg") > 4 and "torch: 2" in text


def test_the_page_needs_no_other_file_and_runs_no_script():
    page = page_html(diagnosed(vanishing()))
    reader = read(page)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert not [
        name for name, _ in reader.attributes if name in ("src", "href") or name[:2] == "on"
    ]
    assert "http" not in page and "url(" not in page and "@import" not in page


def test_names_and_texts_are_escaped_everywhere():
    sites = tuple(
        replace(s, name=f"{HOSTILE}{s.name}", role=f"{HOSTILE}{s.role}", activation=HOSTILE)
        for s in chain(-0.5, parts=WEIGHTS)
    )
    given = [replace(k, profile=HOSTILE) for k in looks(lambda _: sites)]
    given.append(Look(500, 1.0, 1, (), profile=HOSTILE, problem=HOSTILE))
    trial = replace(TRIAL, remedy=HOSTILE, note=HOSTILE)
    hostile = Diagnosis(tuple(given), judge(given), (trial,), HOSTILE, {HOSTILE: HOSTILE})
    page = page_html(hostile)
    assert "<script" not in page and "<img" not in page
    assert not {"script", "img"} & set(read(page).tags)
    notebook = hostile._repr_html_()
    assert read(notebook).tags == ["iframe"] and "<script" not in notebook


def test_a_notebook_shows_the_page_in_a_frame_that_runs_nothing():
    diagnosis = diagnosed(vanishing())
    attributes = dict(read(diagnosis._repr_html_()).attributes)
    assert attributes["srcdoc"] == page_html(diagnosis)
    assert attributes["sandbox"] == ""


@pytest.mark.parametrize(
    "given",
    [
        [],
        [Look(0, 1.0, 1, (), problem="the loss has no graph")],
        looks(lambda _: ()),
        looks(lambda _: chain(0.0, hidden=1)),
        looks(lambda _: chain(0.0)[-1:]),
        looks(lambda _: chain(0.0), steps=(0,)),
        looks(lambda _: tuple(replace(s, signal=math.nan, rms=math.inf) for s in chain())),
        looks(
            lambda _: tuple(replace(s, signal=-math.inf) for s in chain()), loss=lambda _: math.inf
        ),
        looks(lambda _: chain(update_ratio=None, rms=None, sameness=math.nan, symmetry=None)),
    ],
    ids=["no look", "problem", "no site", "one layer", "output", "one look", "nan", "zero", "gaps"],
)
def test_whatever_was_recorded_gives_a_page_a_text_and_strict_json(given):
    diagnosis = diagnosed(given)
    page = page_html(diagnosis)
    numbers = [v for _, v in read(page).attributes if v and re.search(r"\b(nan|inf)\b", v)]
    assert not numbers  # a coordinate that no browser reads
    assert str(diagnosis).count("\n") >= 1
    json.loads(diagnosis.as_json(), parse_constant=pytest.fail)


def words(given):
    return " ".join(read(page_html(diagnosed(given))).text.split())


def test_numbers_are_written_in_their_unit():
    """Shares as percentages, a signal of nothing in words."""
    assert "Measured 75 % of units" in words(looks(lambda _: chain(0.0, dead=0.75)))
    silent = looks(lambda _: tuple(replace(s, signal=-math.inf) for s in chain()))
    assert "Measured exactly zero How sure lasting since step 0" in words(silent)
    few = words(looks(lambda _: chain(-0.5), steps=(0, 1, 2)))
    assert "How sure no interval: too few looks or seeds for one; lasting since step 0" in few


def test_slopes_of_zero_are_in_the_table():
    parts = replace(WEIGHTS, slopes=-math.inf)
    text = words(looks(lambda _: changed(chain(0.0, parts=WEIGHTS), 2, parts=parts)))
    assert re.search(r"layer2 linear · tanh \S+ −0.50 zero", text)


def test_every_column_is_explained_where_no_pointer_hovers():
    text = words(vanishing())
    columns = ("layer", "signal", "weights", "slopes", "alignment", "saturated", "dead", "update")
    assert all(f"{each}: " in text for each in columns)


def test_the_last_step_has_its_number_on_the_axis():
    root = ElementTree.fromstring(str(loss_chart(looks(lambda _: chain(), steps=(0, 85, 99, 100)))))
    numbers = [e.text for e in root.iter("text") if e.get("text-anchor") == "middle"]
    assert "100" in numbers and "85" not in numbers


def test_the_drawn_signal_is_the_measured_one():
    """The mean line's heights are in the proportion of the signals: 0.5 decades a layer."""
    root = ElementTree.fromstring(str(profile_chart(vanishing())))
    line = next(e for e in root.iter("polyline") if e.get("class") == "line c0")
    points = [tuple(map(float, p.split(","))) for p in line.get("points").split()]
    heights = [y for _, y in points]
    steps = [b - a for a, b in itertools.pairwise(heights)]
    assert len(points) == 6 and max(steps) - min(steps) < 0.25  # drawn to a tenth of a unit
    grid = {e.text: float(e.get("y")) for e in root.iter("text")}
    decade = (grid["−1"] - grid["0"]) / 1
    assert heights[-1] - heights[0] == pytest.approx(-2.5 * decade, abs=0.3)


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(ResourceError, match="cannot be written to"):
        write_page(diagnosed(vanishing()), tmp_path / "missing" / "page.html")
    diagnosed(vanishing()).page(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_json_goes_out_and_back_with_every_kind_of_number():
    sites = changed(chain(-0.5, parts=WEIGHTS), 1, signal=-math.inf, time_signal=(-1.0, -math.inf))
    diagnosis = diagnosed([*looks(lambda _: sites), Look(7, math.inf, 1, (), problem="é <b>")])
    assert from_json(to_json(diagnosis)) == diagnosis
    assert to_dict(diagnosis)["schema"] == SCHEMA
    nan = diagnosed(looks(lambda _: changed(chain(), 0, signal=math.nan)))
    assert math.isnan(from_json(nan.as_json()).looks[0].sites[0].signal)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "depthgauge diagnosis 0"}', f'{{"schema": "{SCHEMA}"}}']
)
def test_json_of_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(DataError, match="diagnosis"):
        from_json(text)


def test_the_text_has_the_network_the_verdicts_and_the_trials():
    text = " ".join(str(diagnosed(vanishing())).split())
    assert text.startswith("TanhNet: 9 looks, steps 0 to 100 VANISHES: ")
    assert "TRIED: layer normalization: loss after 100 steps 2.3 -> 0.4; helps" in text


def test_an_effect_of_nothing_is_no_change_by_minus_0():
    trial = replace(TRIAL, after=2.3, effect=Interval(0.0, 0.0, "initializations", 3))
    assert "no clear effect: the loss is the same" in trial_sentence(trial)
    assert "lower by 1.70 to 2.10" in trial_sentence(TRIAL)
