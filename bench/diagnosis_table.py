"""The table of docs/diagnosis.md: how often each tool was right, with intervals over networks."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import fill

import numpy as np

OURS = "depthgauge"

BEGIN = "<!-- scored: written by bench/diagnosis.py from results/diagnosis.json -->\n"
END = "<!-- /scored -->"


@dataclass
class Run:
    """What one tool said of one training."""

    tool: str
    net: str
    seed: int
    faulty: bool
    found: list[str]
    """Findings that are alarms."""
    right: bool
    """Whether one of them is a right one."""
    cause: bool | None = None
    """Whether the right cause was named; None where none was built in, or none is ever named."""
    looks: int = 0
    alarmed: int = 0
    """Looks at which the tool would have raised an alarm."""
    tuning: bool = False
    """Whether a rule was changed after this network was looked at: then no rate counts it."""


def rates(runs: Sequence[Run]) -> dict[str, float]:
    """Precision, recall, right finding, right cause, false alarms of one tool's runs."""
    sick = [run for run in runs if run.faulty]
    well = [run for run in runs if not run.faulty]
    alarms = sum(bool(run.found) for run in runs)
    looks = sum(run.looks for run in well)
    causes = [run.cause for run in runs if run.cause is not None]
    return {
        "precision": _share(sum(bool(run.found) for run in sick), alarms),
        "recall": _share(sum(bool(run.found) for run in sick), len(sick)),
        "right finding": _share(sum(run.right for run in sick), len(sick)),
        "right cause": _share(sum(map(bool, causes)), len(causes)),
        "false alarms per 100 looks": 100 * _share(sum(run.alarmed for run in well), looks),
        "healthy runs with an alarm": _share(sum(bool(run.found) for run in well), len(well)),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def interval(runs: Sequence[Run], draws: int = 2000) -> dict[str, tuple[float, float]]:
    """95 % intervals by bootstrap over networks, faulty and healthy apart."""
    random = np.random.default_rng(0)
    names = {flag: sorted({r.net for r in runs if r.faulty is flag}) for flag in (True, False)}
    by_net = {
        name: [r for r in runs if r.net == name] for group in names.values() for name in group
    }
    drawn = []
    for _ in range(draws):
        chosen = [name for group in names.values() for name in random.choice(group, len(group))]
        drawn.append(rates([run for name in chosen for run in by_net[name]]))
    return {
        key: tuple(np.nanpercentile([each[key] for each in drawn], [2.5, 97.5]))
        if not all(np.isnan(each[key]) for each in drawn)
        else (float("nan"), float("nan"))
        for key in drawn[0]
    }


def table(runs: Sequence[Run]) -> str:
    """The table of docs/diagnosis.md, in Markdown."""
    tools = list(dict.fromkeys(run.tool for run in runs))
    keys = list(rates(runs))
    lines = ["| tool | " + " | ".join(keys) + " |", "|---|" + "---:|" * len(keys)]
    for tool in tools:
        mine = [run for run in runs if run.tool == tool]
        rate, span = rates(mine), interval(mine)
        cells = [_cell(rate[key], *span[key], percent="per 100" not in key) for key in keys]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(value: float, low: float, high: float, percent: bool) -> str:
    if np.isnan(value):
        return "-"
    form = "{:.2f}" if percent else "{:.1f}"
    return f"{form.format(value)} [{form.format(low)}, {form.format(high)}]"


def misses(runs: Sequence[Run]) -> str:
    """Where we were wrong: each network with what was said, and from which seeds."""
    seeds: dict[str, list[str]] = defaultdict(list)
    for run in (run for run in runs if run.tool == OURS):
        wrong = (run.faulty and not run.right) or (not run.faulty and run.found)
        if wrong or run.cause is False:
            said = ", ".join(run.found) or "nothing"
            why = "" if wrong else " (wrong cause)"
            seeds[f"- {run.net}: {said}{why}"].append(str(run.seed))
    return (
        "\n".join(f"{said}, seed {', '.join(each)}" for said, each in sorted(seeds.items()))
        or "none"
    )


def save(runs: Sequence[Run], file: Path) -> None:
    """Write one line for each run."""
    lines = [json.dumps(asdict(run), ensure_ascii=False) for run in runs]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def load(file: Path) -> list[Run]:
    """Read what `save` wrote."""
    return [Run(**each) for each in json.loads(file.read_text(encoding="utf-8"))]


def block(every: Sequence[Run]) -> str:
    """What stands between the markers of the page."""
    runs = [run for run in every if not run.tuning]
    nets = {flag: len({r.net for r in runs if r.faulty is flag}) for flag in (True, False)}
    count = len({run.seed for run in runs})
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    return (
        f"{nets[True]} faulty and {nets[False]} healthy networks, {seeds} each.\n\n"
        f"{table(runs)}\n\nWhere depthgauge is wrong:\n\n{misses(runs)}\n{_tuning(every)}"
    )


def _tuning(runs: Sequence[Run]) -> str:
    """Return how often we were right on the networks that no rate counts; nothing without any."""
    tuning = [run for run in runs if run.tuning and run.tool == OURS]
    if not tuning:
        return ""
    right = sum(run.right for run in tuning)
    names = "; ".join(dict.fromkeys(run.net for run in tuning))
    said = (
        "Not counted, because a rule was added or changed after they were looked at:"
        f" {names} (right in {right} of {len(tuning)} runs)."
    )
    return f"\n{fill(said, 118, break_on_hyphens=False)}\n"


def renewed(text: str, runs: Sequence[Run]) -> str:
    """Return the page with the block written anew."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + block(runs) + END + rest.split(END, 1)[1]


def write_into(page: Path, runs: Sequence[Run]) -> None:
    """Write the block into the page."""
    text = page.read_text(encoding="utf-8")
    page.write_text(renewed(text, runs), encoding="utf-8")
