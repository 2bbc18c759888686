"""Writes README's table of verdicts from results/claims.json; run by `make readme`."""

import re
from pathlib import Path

from depthgauge.report.verdicts import WORDS, Verdicts, read, scales, tally, why_open

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(r"(<!-- results: .*? -->\n).*?(<!-- /results -->)", re.DOTALL)
"""What stands between the two comments in README is ours; the rest is not touched."""


def table(verdicts: Verdicts) -> str:
    """Return the sum of the verdicts in words, and a Markdown row for each source."""
    counts = tally(verdicts)
    total = {kind: sum(each[kind] for each in counts.values()) for kind in WORDS}
    lines = [
        f"Of {len(verdicts)} claims {total['holds']} hold, {total['fails']} fail and"
        f" {total['inconclusive']} are open. {why_open(verdicts)} Scale: {scales(verdicts)}.",
        "",
        f"| source | {' | '.join(WORDS.values())} | all |",
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
