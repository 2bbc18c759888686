"""The tutorial's blocks run in order, and find what the page says that they find."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "diagnosis_tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PRINTED = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


def findings(text):
    """Return the verdicts by their first words."""
    return [each for each in re.findall(r"^([A-Z ]{4,}):", text, re.MULTILINE) if each != "TRIED"]


def tried(text):
    """Return each remedy that was tried and what is said of it."""
    return re.findall(r"TRIED: ([^:]*):[^;]*; (helps|harms|no)", " ".join(text.split()))


def right(text):
    """Return the share of digits that a training got right, if the text says it."""
    found = re.search(r"(\d+)% of the digits right", text)
    return found and int(found[1])


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each block prints, run in one namespace where the example can be imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tutorial"))
        patch.syspath_prepend(DOCS / "examples")
        names, printed = {}, []
        names["print"] = lambda *each: printed[-1].append(" ".join(map(str, each)))
        for block in BLOCKS:
            printed.append([])
            exec(block, names)
        assert Path("flow.html").is_file()
        return ["\n".join(each) for each in printed]


def test_every_block_finds_and_tries_what_the_page_shows(outputs):
    """The same faults by name, and the same remedies that help, as in the page's output."""
    assert len(outputs) == len(PRINTED) == 4
    for ours, shown in zip(outputs, PRINTED, strict=True):
        assert (findings(ours), tried(ours)) == (findings(shown), tried(shown))
    assert findings(outputs[1]) == ["VANISHES", "ALIKE"] and findings(outputs[3]) == ["CARRIES"]
    assert ("He initialization", "helps") in tried(outputs[1])


def test_the_net_guesses_before_and_has_learned_after(outputs):
    """One digit in ten is right at first, nearly all with the remedy; so says the page."""
    for text in (outputs, PRINTED):
        assert right(text[0]) < 30 and right(text[2]) > 90
