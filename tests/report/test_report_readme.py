"""results/README.md: a table that stays a table, whatever stands in it."""

import re
from dataclasses import replace

from depthgauge.report.outcome import LEAD
from depthgauge.report.readme import plain, readme
from depthgauge.report.verdicts import by_section

ROW = re.compile(r"(?<!\\)\|")


def test_there_is_a_row_for_every_claim(report):
    """Each has verdict, statement, both values, unit and seeds."""
    lines = [line for line in readme(report).splitlines() if re.match(r"\| [✓✗?] ", line)]
    assert len(lines) == len(report.verdicts)
    rows = [verdict for found in by_section(report.verdicts).values() for verdict in found]
    for line, verdict in zip(lines, rows, strict=True):
        cells = [cell.strip() for cell in ROW.split(line)[1:-1]]
        assert len(cells) == 6
        assert cells[1] == plain(verdict["statement"])
        assert cells[5] == str(verdict["n"])
        if verdict["published"] is not None:
            assert float(cells[2]) == float(f"{verdict['published']:g}")


def test_hostile_texts_break_no_row(report):
    """Pipes, line breaks, markup and Markdown are shown, not obeyed."""
    hostile = "a | b\n| c | <img src=x> [d](javascript:1) `e` **f** \\| g"
    text = readme(replace(report, verdicts=[{**report.verdicts[0], "statement": hostile}]))
    (line,) = (line for line in text.splitlines() if line.startswith(("| ✓", "| ✗", "| ?")))
    assert len(ROW.split(line)) == 8
    assert "<img" not in text
    assert r"\[d\](javascript:1) \`e\` \*\*f\*\*" in line


def test_every_figure_is_shown_with_its_caption(report):
    """Pictures are the files beside it; the one that is missing is named."""
    text = readme(report)
    shown = re.findall(r"\]\(figures/(.*)\.svg\)", text)
    assert sorted(shown) == sorted(report.figures) and shown[: len(LEAD)] == list(LEAD)
    for figure in report.figures.values():
        assert plain(figure.caption) in text
    assert plain("nielsen_neuron_bars") in text.split("### Not drawn")[1]


def test_provenance_names_data_and_code(report):
    """Hashes stand there in full, so that they can be compared."""
    text = readme(report)
    assert "3f2a91c0" * 8 in text and "c0de" * 16 in text and "- Commit: 0123abc with" in text
