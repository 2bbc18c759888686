"""The documentation as it is built: equations are typeset, and the search works from a file."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = ("vanishing gradient", "exploding", "initialization", "saturation")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

HITS = """
() => {
  const found = [];
  const walk = (node) => {
    for (const each of node.querySelectorAll("*")) {
      if (each.shadowRoot) walk(each.shadowRoot);
      if (each.tagName === "A" && node !== document) found.push(each.innerText);
    }
  };
  walk(document);
  return found;
}
"""
"""The texts of the links in the page's shadow roots, where the search shows what it finds."""


@pytest.fixture
def typeset():
    pytest.importorskip("latex2mathml")
    return runpy.run_path(str(ROOT / "showcase" / "equations.py"))["typeset"]


def test_equations_become_mathml(typeset):
    """In a line and as a paragraph; none begins a line, where it would end the paragraph."""
    shown = typeset("The slope\n$\\delta^l$ is\n\n$$\na + b\n$$\n")
    assert re.search(r"The slope <math .*?>.*?&#x003B4;.*?</math> is\n", shown)
    assert re.search(r'\n<div class="equation"><math .*?display="block">.*</math></div>\n', shown)
    assert "$" not in shown


@pytest.mark.parametrize(
    "text", ["`$HOME` and `$x$`", "```sh\necho $A $B\n```", "costs \\$5 and \\$6", "$$", "a $ b"]
)
def test_other_dollar_signs_stay(text, typeset):
    """Of the shell, in code; of money; alone."""
    assert typeset(text) == text


@pytest.mark.slow
def test_the_search_works_from_a_file(tmp_path, monkeypatch):
    """Ctrl-K, the words that people type: each is found, with no server and no request."""
    pytest.importorskip("zensical")
    pytest.importorskip("latex2mathml")
    sync_api = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium")
    monkeypatch.syspath_prepend(ROOT / "showcase")
    (tmp_path / "src").symlink_to(ROOT / "src")  # where docs/mkdocs.yml looks for the reference
    main = runpy.run_path(str(ROOT / "showcase" / "site.py"))["main"]
    main.__globals__["WORK"] = tmp_path / "site"
    main()
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "site" / "html" / "index.html").as_uri())
        page.wait_for_selector("html:not(.no-js)", state="attached")  # its scripts have run
        page.keyboard.press("Control+k")
        for word in WORDS:
            page.keyboard.press("Control+a")
            page.keyboard.type(word)
            last = word.split()[-1]
            page.wait_for_function(f"({HITS})().join().toLowerCase().includes('{last}')")
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
