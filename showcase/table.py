"""Writes README's table of verdicts from results/claims.json; run by `make readme`."""

import re
from collections import Counter
from pathlib import Path

from depthgauge.report.verdicts import WORDS, Verdicts, published, read, scales, tally, why_open

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(r"(<!-- results: .*? -->\n).*?(<!-- /results -->)", re.DOTALL)
"""What stands between the two comments in README is ours; the rest is not touched."""


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


def main() -> None:
    """Rewrite the table in place."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(renewed(text, read(ROOT / "results" / "claims.json")), encoding="utf-8")


if __name__ == "__main__":
    main()
