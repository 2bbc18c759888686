"""The page as a person meets it: in Chromium, by pointer and by keyboard, on a phone, on paper."""

import os
import re
import shutil
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from depthgauge.report.outcome import LEAD
from depthgauge.report.verdicts import by_section

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"
    ),
]
DRAWN = """() => [...document.querySelectorAll("[data-chart]")].every(
  (place) => !place.checkVisibility() || place.querySelector("svg.marks"))"""
PHONE, DESK, PROJECTOR = (390, 844), (1280, 800), (1920, 1080)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page in a window of a given size and colour scheme; what is unfolded is drawn."""
    contexts = []

    def open_page(size=DESK, scheme="light", **options):
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **options
        )
        context.set_default_timeout(180_000)  # beside other work the page takes its time
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_function(DRAWN)
        return page

    yield open_page
    for context in contexts:
        context.close()


def shown(page):
    """Return the ids of the claims that can be seen."""
    seen = "(rows) => rows.filter((row) => row.checkVisibility()).map((row) => row.id)"
    return page.locator(".claims tbody tr").evaluate_all(seen)


def visible(page, selector):
    """Return how many elements of a kind can be seen."""
    return page.locator(f"{selector} >> visible=true").count()


def unfold_figures(page):
    """Show all figures and wait until they are drawn."""
    page.click("#unfold")
    page.wait_for_function(DRAWN)


def test_every_figure_is_drawn_and_nothing_goes_wrong(visit, report, address):
    """No word on the console, no script error, no request but for the page itself."""
    page = visit()
    page.wait_for_load_state("networkidle")
    assert page.locator("[data-chart] svg.marks").count() == len(LEAD)
    unfold_figures(page)
    assert page.locator("[data-chart] svg.marks").count() == len(report.figures)
    assert page.said == []
    assert {url for url in page.asked if not url.startswith("data:")} == {address}


@pytest.mark.parametrize("size", [PHONE, DESK, PROJECTOR])
def test_nothing_has_to_be_scrolled_sideways(visit, size):
    """Neither the page nor a figure is wider than its place, also on a phone of 390 pixels."""
    page = visit(size)
    unfold_figures(page)
    page.wait_for_timeout(300)  # the last figure may be drawn twice, for its labels
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    wide = """(places) => places.filter((place) => place.scrollWidth > place.clientWidth)
      .map((place) => place.dataset.chart)"""
    assert page.locator("[data-chart]").evaluate_all(wide) == []


def test_the_page_is_short_until_something_is_unfolded(visit, report):
    """Ten windows of 1,000 pixels at most; a figure unfolds under its finding and is drawn then."""
    page = visit()
    assert page.evaluate("document.documentElement.scrollHeight") < 10_000
    name = "nielsen_chain"
    summary = page.locator(f"#figure-{name} > summary")
    assert report.figures[name].finding in summary.inner_text()
    summary.click()
    page.locator(f"[data-chart={name}] svg.marks").wait_for()


@pytest.mark.parametrize("key", ["verdict", "study"])
def test_filters_narrow_the_table(visit, report, key):
    """Each choice unfolds the claims that have it, says how many they are, and can be undone."""
    page, rows = visit(), [each for found in by_section(report.verdicts).values() for each in found]
    for value in dict.fromkeys(verdict[key] for verdict in report.verdicts):
        page.select_option(f"#filter-{key}", value)
        wanted = [each["id"] for each in rows if each[key] == value]
        assert shown(page) == wanted
        assert page.inner_text("#count") == f"{len(wanted)} of {len(rows)} claims shown"
    page.click("button[type=reset]")
    page.wait_for_function("() => !document.querySelector('.claims tbody tr[hidden]')")
    assert shown(page) == []  # folded again
    for section in page.locator("details.section > summary").all():
        section.click()
    assert shown(page) == [each["id"] for each in rows]


def test_source_and_words_narrow_together(visit, report):
    """Two filters at once leave what fits both; words are found whatever their case."""
    page = visit()
    page.select_option("#filter-group", "Nielsen 2015")
    page.fill("#filter-text", "HIDDEN LAYER")
    ids = shown(page)
    assert ids and all(each.startswith(("nielsen.", "theory.chain.")) for each in ids)
    ours = {each["id"] for each in report.verdicts if each["nature"] in ("finding", "mathematics")}
    assert not ours & set(ids)
    statements = {verdict["id"]: verdict["statement"] for verdict in report.verdicts}
    missed = set(statements) - set(ids)
    assert not [each for each in missed
                if each.startswith("nielsen.") and each not in ours
                and "hidden layer" in statements[each]]  # fmt: skip


def test_a_row_unfolds_to_all_that_is_known(visit, report):
    """Source, rule, verdict, published, measured with interval, seeds, scale, study, figure."""
    page, verdict = visit(), report.verdicts[0]
    row = page.locator(f'[id="{verdict["id"]}"]')
    details = row.locator("dl")
    page.evaluate("(id) => { location.hash = `section-${id}`; }", 1)
    assert not details.is_visible()
    row.locator("summary").click()
    text = details.inner_text()
    low, high = verdict["interval"]
    for part in (verdict["source"], verdict["rule"], verdict["reason"], f"{low:g}, {high:g}",
                 f"{verdict['published']:g}", f"{verdict['measured']:g}",
                 f"{verdict['n']} seeds"):  # fmt: skip
        assert part in text
    row.locator("dd a").click()
    assert page.url.endswith(f"#figure-{verdict['figure']}")
    assert page.locator(f"#figure-{verdict['figure']}").is_visible()


def test_a_link_finds_a_claim_that_is_filtered_out(visit, report):
    """The filter gives way, and the claim is unfolded."""
    page = visit()
    last = report.verdicts[-1]["id"]
    page.fill("#filter-text", "no claim says this")
    assert shown(page) == []
    page.evaluate("(id) => { location.hash = id; }", last)
    page.locator(f'[id="{last}"] dl').wait_for()
    assert page.locator(f'[id="{last}"]').is_visible()


def test_a_pointer_reads_values(visit):
    """Over a curve the nearest value is shown as text."""
    page = visit()
    unfold_figures(page)
    chart = page.locator("[data-chart=nielsen_training_speed_2]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2)
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert re.search(r"\d", tooltip.inner_text())


def test_light_and_dark_follow_the_reader(visit):
    """Page and figures change ground together, also while the page is open."""
    page = visit(scheme="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    chart = "() => getComputedStyle(document.querySelector('svg.marks')).backgroundColor"
    assert page.evaluate(ground) == page.evaluate(chart) == "rgb(21, 24, 29)"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => ({chart})() === 'rgb(255, 255, 255)'")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_print_takes_the_still_pictures(visit, report):
    """On paper each figure is there once, light, and controls are not."""
    page = visit(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("#filter").is_visible()
    assert visible(page, "img.still") == len(report.figures)
    assert visible(page, "[data-chart]") == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_scripts_the_page_still_says_everything(visit, report):
    """Pictures stand in for the live figures, all claims are listed, no dead control is shown."""
    page = visit(java_script_enabled=False)
    assert visible(page, "img.still") == len(report.figures)
    assert page.locator(".claims summary").count() == len(report.verdicts)
    assert not page.locator("#filter").is_visible()


def test_every_control_is_reached_by_keyboard_and_seen_in_focus(visit):
    """Tab visits each link, field, button and summary once; each then has an outline."""
    page = visit()
    page.select_option("#filter-verdict", "fails")  # a table that is quickly walked through
    page.locator("body").click(position={"x": 2, "y": 2})
    wanted = visible(page, ":is(a[href], select, input, button, summary)")
    focus = """() => { const e = document.activeElement; const s = getComputedStyle(e);
      e.dataset.visits = 1 + Number(e.dataset.visits ?? 0);
      return [e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; }"""
    seen = Counter()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        tag, style, width = page.evaluate(focus)
        seen[tag] += 1
        assert style != "none" and width >= 2, tag
    assert page.locator("[data-visits='1']").count() == wanted == seen.total()
    assert page.locator("[data-visits]").count() == wanted


def test_enter_unfolds_and_the_skip_link_shows(visit):
    """The first Tab shows a way past the verdicts; Enter on a statement unfolds it."""
    page = visit()
    page.keyboard.press("Tab")
    box = page.locator(".skip").bounding_box()
    assert box["x"] >= 0
    page.locator("details.section > summary").first.focus()
    page.keyboard.press("Enter")
    page.locator(".claims summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".claims dl").first.is_visible()


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("light", {}), ("dark", {"runOnly": ["color-contrast"]})],
)
def test_axe_finds_nothing(visit, scheme, options):
    """Deque's accessibility rules: landmarks, names, table headers, contrast, alternatives."""
    page = visit(scheme=scheme)
    unfold_figures(page)
    page.select_option("#filter-verdict", "fails")  # rows are alike; fewer are quicker
    page.locator(".claims tbody tr:not([hidden]) summary").first.click()
    whole = {"exclude": [[".chart svg"]]}  # hidden from screen readers; test_report_theme: contrast
    found = Axe().run(page, context=whole, options=options | {"resultTypes": ["violations"]})
    violations = found.response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in violations] == []
