"""Writes what README and docs/ quote of results/claims.json and of theory; run by `make readme`.

README has the results and a table of verdicts between its two comments. A number in prose
stands between `<!-- claim:ID -->` and `<!-- / -->`; a word after the id asks for another part,
as `<!-- claim:ID interval -->`, see PARTS. `<!-- theory:NAME -->` is a number that formulas give,
see THEORY.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from depthgauge.claims.read import REPORTED, read_verdicts
from depthgauge.report.outcome import outcome, surprises
from depthgauge.report.verdicts import (
    WORDS,
    Verdicts,
    open_by_want,
    published,
    row,
    scales,
    tally,
)
from depthgauge.theory import (
    find_activation,
    literal_identity,
    shrink_per_layer,
    widest_steepness,
)

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(r"(<!-- results: .*? -->\n).*?(<!-- /results -->)", re.DOTALL)
"""The text between the two comments in README is replaced; the rest is not touched."""

QUOTED = re.compile(r"(<!-- claim:(\S+)(?: (\w+))? -->)[^<]*(<!-- / -->)")
"""A claim's number, or another part of it, in prose."""

COMPUTED = re.compile(r"(<!-- theory:(\w+) -->)[^<]*(<!-- / -->)")
"""A number of theory in prose."""

THEORY: dict[str, Callable[[], float]] = {
    "nielsen_1": lambda: shrink_per_layer("sigmoid", 1.0, 1.0),
    "nielsen_2": lambda: shrink_per_layer("sigmoid", 1.0, 1.0) ** 2,
    "nielsen_3": lambda: shrink_per_layer("sigmoid", 1.0, 1.0) ** 3,
    "gelu_slope": lambda: find_activation("gelu").gamma,
    "steep_weight": lambda: widest_steepness()[0],
    "steep_width": lambda: widest_steepness()[1],
    "identity_weight": lambda: literal_identity()[0],
    "identity_error": lambda: literal_identity()[1],
}
"""nielsen_N: the factor that mean-field theory predicts over N layers of Nielsen's nets."""

PARTS: dict[str | None, Callable[[Mapping[str, Any]], str]] = {
    None: lambda claim: rounded(row(claim)["measured"]),
    "interval": lambda claim: " to ".join(rounded(f"{end:g}") for end in claim["interval"] or ()),
    "verdict": lambda claim: row(claim)["word"],
    "published": lambda claim: rounded(row(claim)["published"]),
    "n": lambda claim: row(claim)["n"],
    "scale": lambda claim: row(claim)["scale"],
    "updates": lambda claim: row(claim)["updates"],
}
"""What can be quoted of a claim."""


def table(verdicts: Verdicts) -> str:
    """Return the results, the number of verdicts, and a Markdown row for each source."""
    counts = tally(verdicts)
    theirs = published(verdicts)
    total = Counter(each["verdict"] for each in theirs)
    lines = [
        *(f"- {sentence.text}" for sentence in outcome(verdicts)),
        *(["", "Not as published:", ""] if surprises(verdicts) else []),
        *(f"- {sentence.text}" for sentence in surprises(verdicts)),
        "",
        f"Of {len(theirs)} published numbers and sentences {total['holds']} hold,"
        f" {total['fails']} fail and {total['inconclusive']} are open. {_open(theirs)} Claims that"
        f" no source published are counted separately. Claims by scale: {scales(verdicts)}.",
        "",
        f"| claims | {' | '.join(WORDS.values())} | all |",
        "|---|" + "---:|" * (len(WORDS) + 1),
    ]
    for source, each in counts.items():
        numbers = [each[kind] for kind in WORDS]
        lines.append(f"| {source} | {' | '.join(map(str, numbers))} | {sum(numbers)} |")
    return "\n".join(lines)


def _open(verdicts: Verdicts) -> str:
    """Return how many claims are open, and what they lack, as a sentence."""
    counts = (f"{len(each)} {want}" for want, each in open_by_want(verdicts).items())
    lacking = ", ".join(counts)
    return f"Open: {lacking}." if lacking else "None is open."


def renewed(readme: str, verdicts: Verdicts) -> str:
    """Return README's text with the table of these verdicts."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{table(verdicts)}\n\n{found[2]}", readme)


def rounded(number: str) -> str:
    """Return a number with three significant digits, thousands set apart by commas."""
    return f"{float(f'{float(number):.3g}'):,.10g}" if number else ""


def quoted(text: str, verdicts: Verdicts) -> str:
    """Return a page with the numbers of these verdicts ("not run" for none) and of theory.

    Raises ValueError for a claim, a part of one, or a number of theory that does not exist.
    """
    claims = {claim["id"]: claim for claim in verdicts}

    def now(found: re.Match[str]) -> str:
        name, part = found[2], found[3]
        if name not in claims or part not in PARTS:
            raise ValueError(f"{found[1]}: no such claim in claims.json, or no such part of one")
        return f"{found[1]}{PARTS[part](claims[name]) or 'not run'}{found[4]}"

    def computed(found: re.Match[str]) -> str:
        if found[2] not in THEORY:
            raise ValueError(f"{found[1]}: no such number of theory")
        return f"{found[1]}{THEORY[found[2]]():.3g}{found[3]}"

    return COMPUTED.sub(computed, QUOTED.sub(now, text))


def pages() -> list[Path]:
    """Return the pages that may quote claims."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main() -> None:
    """Rewrite the table and the quoted numbers in place."""
    verdicts = read_verdicts(ROOT / "results" / "claims.json", REPORTED)
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
