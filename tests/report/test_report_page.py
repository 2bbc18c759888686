"""The page: everything is in it, nothing leaves it, and anybody can read it."""

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from report_records import ORIGIN, complete, judged

from depthgauge.report.content import Report
from depthgauge.report.figure import svg
from depthgauge.report.figures import draw
from depthgauge.report.outcome import LEAD, outcome, surprises
from depthgauge.report.page import page
from depthgauge.report.provenance import together

HOSTILE = (
    """</script><script>alert(1)</script>"><img src=x onerror=alert(2)><!-- {{ 7 * 7 }} & 'x'"""
)
LOADING = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "cite"}


class Document(HTMLParser):
    """Tags with their attributes, and texts by the tag they stand in."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self._open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data):
        self.texts.append((self._open[-1] if self._open else "", data))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def named(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def inside(self, tag):
        return [text for name, text in self.texts if name == tag]

    def read(self):
        """What a person reads."""
        return " ".join(text for tag, text in self.texts if tag not in ("script", "style"))


@pytest.fixture(scope="module")
def document(html):
    return Document(html)


def test_nothing_is_loaded_from_elsewhere(html, document):
    """Every address stands in the page itself, and the browser may request no other."""
    for _, attributes in document.tags:
        for name in LOADING & attributes.keys():
            assert re.match(r"#|data:", attributes[name]), attributes
    assert document.named("link") == [] and document.named("iframe") == []
    style = "".join(document.inside("style"))
    assert style and "url(" not in style and "@import" not in style
    assert "http" not in files("depthgauge.report").joinpath("template", "page.js").read_text(
        "utf-8"
    )
    policy = next(each for each in document.named("meta") if "http-equiv" in each)["content"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy and "http" not in policy


def test_only_the_pages_own_scripts_may_run(document):
    """The policy names the hash of each script; data blocks are not scripts."""
    policy = next(each for each in document.named("meta") if "http-equiv" in each)["content"]
    code = [text for text in document.inside("script") if not text.startswith("{")]
    kinds = Counter(each.get("type") for each in document.named("script"))
    assert kinds == {None: 2, "application/json": 2}
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    assert f"script-src {allowed};" in policy


def test_hostile_texts_stay_texts(report):
    """A statement, a label or a hash from elsewhere is shown as it is, and is never markup."""
    verdicts = [{**report.verdicts[0], "statement": HOSTILE, "reason": HOSTILE, "unit": HOSTILE}]
    records = {"nielsen_accuracy": complete(3)["nielsen_accuracy"]}
    for record in records["nielsen_accuracy"]:
        record.attrs.update(data={"name": HOSTILE, "hash": HOSTILE}, scale=HOSTILE, code=HOSTILE)
    drawn, missing = draw(records)
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    origins = {"nielsen_accuracy": replace(ORIGIN, commit=HOSTILE, machine=HOSTILE)}
    text = page(Report(verdicts, drawn, pictures, missing, records, origins))
    found = Document(text)
    assert len(found.named("script")) == 4
    assert all(each["src"].startswith("data:") for each in found.named("img"))
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert found.read().count("alert(1)") >= 5
    assert HOSTILE in [text.strip() for text in found.inside("summary")]


def test_hostile_numbers_in_a_chart_cannot_end_its_script(report):
    """Chart data is JSON in a script block, where only "<" could do harm."""
    name, figure = next(iter(report.figures.items()))
    chart = figure.chart.properties(title="</script><b>")
    altered = replace(figure, chart=chart)
    found = Document(page(replace(report, figures={name: altered})))
    charts = json.loads(next(text for text in found.inside("script") if text.startswith("{")))
    assert charts[name]["title"] == "</script><b>"
    assert found.named("b") == []


def test_the_same_report_gives_the_same_bytes(report, html):
    """Drawn again from equal records, verdicts and page are the same to the letter.

    The page holds every chart; of the pictures made from these, a few are made again.
    """
    ran = {name: cells for name, cells in complete().items() if name != "nielsen_neuron_bars"}
    drawn, missing = draw(ran)
    again = replace(
        report,
        verdicts=judged(ran),
        figures=drawn,
        pictures=report.pictures | {name: svg(drawn[name]) for name in LEAD},
        missing=missing,
        records=ran,
    )
    assert page(again) == html


def test_the_page_is_small(html):
    """Below 8 MB, the drawing library and both forms of each figure included."""
    assert len(html.encode()) < 8_000_000


def test_verdicts_come_first_and_add_up(report, document):
    """How many published claims hold, fail, are open; then figures, claims, the rest."""
    ours = ("finding", "mathematics")
    theirs = [verdict for verdict in report.verdicts if verdict["nature"] not in ours]
    counts = Counter(verdict["verdict"] for verdict in theirs)
    assert document.inside("strong") == [
        str(counts[kind]) for kind in ("holds", "fails", "inconclusive")
    ]
    headings = ["Results", "In three figures", "Claims by source", "All figures"]
    found = [each for each in document.inside("h2") if each in headings]
    assert found == headings


def test_the_first_words_are_what_came_out(report, document):
    """First what replicates, then what does not; each sentence links to the claim it quotes."""
    text = document.read()
    first = text.index(outcome(report.verdicts)[0].text)
    assert text.index("What replicates") < first
    assert "What does not" not in text[:first]
    linked = {each["href"] for each in document.named("a") if each.get("class") == "more"}
    said = [*outcome(report.verdicts), *surprises(report.verdicts)]
    assert linked == {f"#{each.claims[0]}" for each in said if each.claims}


def test_every_figure_is_there_once_under_its_finding(report, document):
    """Three on the first screen, the others folded, with words for those who do not see them."""
    places = [each["data-chart"] for _, each in document.tags if "data-chart" in each]
    assert sorted(places) == sorted(report.figures)
    assert places[: len(LEAD)] == list(LEAD)
    labels = {each["data-chart"]: each["aria-label"] for _, each in document.tags
              if "data-chart" in each}  # fmt: skip
    assert labels == {name: figure.alternative for name, figure in report.figures.items()}
    basis = {each["class"] for each in document.named("p") if "class" in each}
    assert "basis" in basis


def test_every_claim_unfolds_to_all_that_is_known(report, document):
    """Statement, source, rule, reason of each verdict are in the page, with its id as anchor."""
    shown = set(document.inside("summary")) | set(document.inside("dd"))
    anchors = {attributes.get("id") for _, attributes in document.tags}
    for verdict in report.verdicts:
        assert {verdict["statement"], verdict["source"], verdict["rule"]} <= shown
        assert any(text.endswith(verdict["reason"]) for text in shown)
        assert verdict["id"] in anchors


def test_missing_figures_are_named(report, document):
    """The figure whose study was not run is listed with the command that runs it."""
    assert list(report.missing) == ["nielsen_neuron_bars"]
    assert "train study=nielsen_neuron_bars" in document.read()


def test_links_lead_somewhere_and_anchors_are_unique(document):
    """Every link of the page has its target in the page."""
    anchors = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(anchors) == len(set(anchors))
    assert {each["href"][1:] for each in document.named("a")} <= set(anchors)


def test_assistive_technology_finds_its_way(document):
    """Language, headings in order, table headers with scope, captions, labels, live count."""
    assert document.named("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in document.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    assert all("scope" in each for each in document.named("th"))
    assert len(document.named("caption")) == len(document.named("table"))
    labelled = {each["for"] for each in document.named("label")}
    fields = document.named("select") + document.named("input")
    assert {each["id"] for each in fields} <= labelled
    assert [each["aria-live"] for each in document.named("output")] == ["polite"]
    assert all(each["alt"] for each in document.named("img"))
    charts = [attributes for _, attributes in document.tags if "data-chart" in attributes]
    assert all(each["role"] == "img" and each["aria-label"] for each in charts)


def test_provenance_says_by_which_commit_where_and_how_long(document):
    """Once for all studies, and for each; of a study without an origin it says so."""
    assert "0123abc with changes in src or conf" in document.inside("dd")
    assert "A processor, 2 cores" in document.inside("dd")
    assert "7 min, the sum over 24 blocks, each on one core or GPU" in document.inside("dd")
    studies = [text for text in document.inside("summary") if ", scale " in text]
    assert [text.split(":")[0] for text in studies if "time 7 min" in text] == ["nielsen_accuracy"]
    assert all("time not known here" in text for text in studies if "time 7 min" not in text)


def test_a_commit_is_named_once_also_when_a_study_was_trained_at_two():
    """Studies a and b: 1 and 2, then 2 and 1."""
    trained = {"a": replace(ORIGIN, commit="1; 2"), "b": replace(ORIGIN, commit="2; 1")}
    assert together([{"study": "a"}, {"study": "b"}], trained)["Commit"] == "1; 2"
