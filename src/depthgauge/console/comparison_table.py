"""The tables of `depthgauge compare`; each function returns whether something changed."""

from collections.abc import Sequence
from math import isfinite

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from depthgauge.comparison.records import Comparison, Difference
from depthgauge.comparison.verdict_test import Verdict
from depthgauge.comparison.verdicts import Change
from depthgauge.console.terminal import console

ROWS = 30
"""Differences beyond chance that are printed; the rest is counted."""


def show_claims(changes: Sequence[Change], first: int, second: int) -> bool:
    """Print the claims that changed; `first` and `second` are how many each judgement has."""
    out = console()
    shown = [each for each in changes if each.matters]
    if shown:
        table = _table("claim", "A", "B", "p", "verdict", "what changed")
        for each in shown:
            p = "" if each.p is None else f"{each.p:.2g}"
            sides = _number(each.first), _number(each.second)
            table.add_row(escape(each.id), *sides, p, _verdicts(each), _what(each))
        out.print(table)
    within = len(changes) - len(shown)
    gone, new = (sum(getattr(each, side) is None for each in shown) for side in ("second", "first"))
    out.print(
        f"{first} claims in A, {second} in B: {new} added, {gone} removed,"
        f" {sum(each.other_verdict for each in shown)} verdicts changed,"
        f" {sum(each.other_rule for each in shown)} rules changed;"
        f" {sum(each.beyond_chance for each in shown)} numbers changed beyond chance, {within}"
        " within chance; all others are identical",
        soft_wrap=True,
    )
    return bool(shown)


def show_records(found: Comparison, title: str) -> bool:
    """Print where two sets of records differ."""
    out = console()
    beyond = sorted(
        (each for each in found.differences if each.beyond_chance), key=lambda each: each.p
    )
    if beyond:
        table = _table("cell", "variable", "at", "A", "B", "p")
        for each in beyond[:ROWS]:
            means = f"{each.first:.4g}", f"{each.second:.4g}"
            table.add_row(
                escape(each.cell),
                escape(each.variable),
                escape(each.place),
                *means,
                f"{each.p:.2g}",
            )
        out.print(table)
        if len(beyond) > ROWS:
            out.print(f"and {len(beyond) - ROWS} more")
    for side, names in (("A", found.only_first), ("B", found.only_second)):
        for name in names:
            out.print(f"only in {side}: {escape(name)}", soft_wrap=True)
    if found.origins:
        out.print(f"different provenance: {escape('; '.join(found.origins))}", soft_wrap=True)
    out.print((f"{title}: " if title else "") + _summary(found, len(beyond)), soft_wrap=True)
    return found.changed


def _summary(found: Comparison, beyond: int) -> str:
    within = [each for each in found.differences if not each.beyond_chance]
    seeds = " and ".join(map(str, found.seeds)) + " seeds" + (", the same ones" * found.same_seeds)
    text = f"{found.same} variables agree bit for bit ({seeds})"
    if found.differences and not found.decidable:
        alone = "compare this study alone" if found.studies > 1 else "each side needs at least 4"
        text += (
            f"; {len(within)} differ{_at_most(within)}, but the seeds are too few to tell a change"
        )
        return f"{text} from chance: {alone}"
    if within:
        text += f"; {len(within)} differ within chance{_at_most(within)}"
    return text + (f"; {beyond} differ beyond chance" if beyond else "")


def _at_most(differences: Sequence[Difference]) -> str:
    largest = max((each.relative for each in differences if isfinite(each.relative)), default=0)
    return f", by at most {largest:.1g} of the variable's largest mean"


def _what(change: Change) -> str:
    if change.one_sided:
        return "only in B" if change.first is None else "only in A"
    words = {
        "the rule": change.other_rule,
        "the number, beyond chance": change.beyond_chance,
        "the number, which cannot be tested (unknown kind of rule, or no values)": change.untested,
        "the verdict": change.other_verdict,
    }
    return " and ".join(word for word, holds in words.items() if holds)


def _verdicts(change: Change) -> str:
    sides = [each["verdict"] for each in (change.first, change.second) if each is not None]
    return " -> ".join(dict.fromkeys(sides))


def _number(verdict: Verdict | None) -> str:
    if verdict is None or verdict["measured"] is None:
        return ""
    low, high = verdict["interval"]
    return escape(f"{verdict['measured']:g} [{low:g}, {high:g}] n={verdict['n']}")


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
