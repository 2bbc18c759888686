"""Writes what README and docs/ quote of results/claims.json; run by `make readme`.

README has a table of verdicts between its two comments. A number in prose stands between
`<!-- claim:ID -->` and `<!-- / -->`; a word after the id asks for another part of the claim, as
`<!-- claim:ID interval -->`, see PARTS.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from depthgauge.report.verdicts import (
    WORDS,
    Verdicts,
    published,
    read,
    row,
    scales,
    tally,
    why_open,
)

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(r"(<!-- results: .*? -->\n).*?(<!-- /results -->)", re.DOTALL)
"""What stands between the two comments in README is ours; the rest is not touched."""

QUOTED = re.compile(r"(<!-- claim:(\S+)(?: (\w+))? -->)[^<]*(<!-- / -->)")
"""A claim's number, or another part of it, in prose."""

PARTS: dict[str | None, Callable[[Mapping[str, Any]], str]] = {
    None: lambda claim: rounded(row(claim)["measured"]),
    "interval": lambda claim: " to ".join(rounded(f"{end:g}") for end in claim["interval"] or ()),
    "verdict": lambda claim: row(claim)["word"],
    "scale": lambda claim: row(claim)["scale"],
    "updates": lambda claim: row(claim)["updates"],
}
"""What can be quoted of a claim."""


def table(verdicts: Verdicts) -> str:
    """Return the sum of the verdicts in words, and a Markdown row for each source."""
    counts = tally(verdicts)
    theirs = published(verdicts)
    total = Counter(each["verdict"] for each in theirs)
    lines = [
        f"Of {len(theirs)} published numbers and sentences {total['holds']} hold,"
        f" {total['fails']} fail and {total['inconclusive']} are open. {why_open(theirs)} What no"
        f" source published is counted apart. Scale: {scales(verdicts)}.",
        "",
        f"| claims | {' | '.join(WORDS.values())} | all |",
        "|---|" + "---:|" * (len(WORDS) + 1),
    ]
    for source, each in counts.items():
        numbers = [each[kind] for kind in WORDS]
        lines.append(f"| {source} | {' | '.join(map(str, numbers))} | {sum(numbers)} |")
    return "\n".join(lines)


def renewed(readme: str, verdicts: Verdicts) -> str:
    """Return README's text with the table of these verdicts."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{table(verdicts)}\n\n{found[2]}", readme)


def rounded(number: str) -> str:
    """Return a number with three significant digits, thousands set apart by commas."""
    return f"{float(f'{float(number):.3g}'):,.10g}" if number else ""


def quoted(text: str, verdicts: Verdicts) -> str:
    """Return a page's text with the numbers of these verdicts; "not run" where one has none.

    Raises ValueError for a claim, or a part of one, that does not exist.
    """
    claims = {claim["id"]: claim for claim in verdicts}

    def now(found: re.Match[str]) -> str:
        name, part = found[2], found[3]
        if name not in claims or part not in PARTS:
            raise ValueError(f"{found[1]}: no such claim in claims.json, or no such part of one")
        return f"{found[1]}{PARTS[part](claims[name]) or 'not run'}{found[4]}"

    return QUOTED.sub(now, text)


def pages() -> list[Path]:
    """Return the pages that may quote claims."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main() -> None:
    """Rewrite the table and the quoted numbers in place."""
    verdicts = read(ROOT / "results" / "claims.json")
    for path in pages():
        text = path.read_text(encoding="utf-8")
        try:
            new = quoted(renewed(text, verdicts), verdicts)
        except ValueError as error:
            sys.exit(f"{path.name}: {error}")
        if new != text:
            path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
