"""The claims on a terminal: counts of verdicts, a row a claim, and the role of chance."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from depthgauge.claims.chance import chance_statement
from depthgauge.claims.reach import reach_statement
from depthgauge.console.terminal import console

WORDS = {"holds": "hold", "fails": "fail", "inconclusive": "open"}
NATURES = {
    "number": "published numbers",
    "sentence": "published sentences",
    "mathematics": "mathematics",
    "finding": "findings of this project",
}
COLOURS = {"holds": "green", "fails": "red", "inconclusive": "yellow"}

NARROW = 100
"""Columns below which statements have no room."""


def show(verdicts: Sequence[dict[str, Any]], total: int) -> None:
    """Print these verdicts, of `total` in all; plain text when piped."""
    out = console()
    counts = Counter(each["verdict"] for each in verdicts)
    of_all = f" of {total}" if len(verdicts) < total else ""
    kinds = ", ".join(f"[{COLOURS[kind]}]{counts[kind]} {WORDS[kind]}[/]" for kind in WORDS)
    out.print(f"[bold]{len(verdicts)}{of_all} claims:[/] {kinds}")
    if not verdicts:
        return
    for nature in dict.fromkeys(each["nature"] for each in verdicts if "nature" in each):
        counts = Counter(each["verdict"] for each in verdicts if each.get("nature") == nature)
        verdict_counts = ", ".join(f"{counts[kind]} {WORDS[kind]}" for kind in WORDS)
        out.print(f"  {NATURES[nature]}: {verdict_counts}")
    out.print(_table(verdicts, wide=out.width >= NARROW))
    for each in verdicts:
        if each["verdict"] != "holds":
            reason = f"{each['id']} {each['verdict']}: {each['reason']}"
            out.print(escape(reason), soft_wrap=True)
    if not of_all:  # the statement is about all numbers, not a selection by verdict
        out.print(reach_statement(verdicts), soft_wrap=True)
        out.print(chance_statement(verdicts), soft_wrap=True)


def _table(verdicts: Sequence[dict[str, Any]], wide: bool) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("claim", overflow="fold")
    if wide:
        table.add_column("statement")
    table.add_column("published", justify="right")
    table.add_column("measured [95 % interval]" if wide else "measured", no_wrap=wide)
    table.add_column("n", justify="right")
    table.add_column("verdict", no_wrap=True)
    for each in verdicts:
        colour = COLOURS[each["verdict"]]
        published = "" if each["published"] is None else f"{each['published']:g}"
        statement = [escape(each["statement"])] if wide else []
        verdict = f"[{colour}]{each['verdict']}[/]"
        table.add_row(
            escape(each["id"]), *statement, published, _measured(each), str(each["n"]), verdict
        )
    return table


def _measured(verdict: dict[str, Any]) -> str:
    if verdict["measured"] is None:
        return ""
    low, high = verdict["interval"]
    return escape(f"{verdict['measured']:g} [{low:g}, {high:g}]")
