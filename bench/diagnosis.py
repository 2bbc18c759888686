"""How often the diagnosis is right, beside four tools' published rules and torchmortem.

`python bench/diagnosis.py` trains every network of diagnosis_nets.py from three seeds and prints
one table; `--json FILE` keeps what each tool said of each run. All tools see the same nets, seeds
and steps. Intervals are 95 %, by bootstrap over networks, whose seeds stay together.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diagnosis_nets import Net, corpus
from diagnosis_peers import PEERS, TORCHMORTEM, observe

from depthgauge.diagnosis.findings import Finding
from depthgauge.diagnosis.verdicts import faults, judge
from depthgauge.diagnosis.watch import watch

STEPS = 121
EVERY = 10
SEEDS = (0, 1, 2)
DEPTH = (Finding.vanishes, Finding.explodes)
OURS = "depthgauge"


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


def ours(net: Net, seed: int) -> Run:
    """Watch the training; an alarm is a fault that lasts."""
    torch.manual_seed(seed)
    module, loss, data, optimizer = net.make()
    with watch(module, optimizer, every=EVERY) as flow:
        for step in range(STEPS):
            optimizer.zero_grad()
            loss(module, data[step % len(data)]).backward()
            optimizer.step()
    looks = flow.looks
    alarms = [faults(judge(looks[:count])) for count in range(1, len(looks) + 1)]
    last = alarms[-1]
    found = sorted({str(each.finding) for each in last})
    cause = None
    if net.cause is not None:
        named = [each.cause for each in last if each.finding in DEPTH]
        cause = net.cause in named
    right = bool({each.finding for each in last} & net.faults)
    alarmed = sum(bool(each) for each in alarms)
    return Run(OURS, net.name, seed, bool(net.faults), found, right, cause, len(looks), alarmed)


def peers(net: Net, seed: int) -> list[Run]:
    """Train once under all four rule sets; each counts what it raised at any look."""
    torch.manual_seed(seed)
    module, loss, data, optimizer = net.make()
    steps, raised = [], {name: [] for name in PEERS}
    for step in range(STEPS):
        batch = data[step % len(data)]
        if step % EVERY == 0 or step & (step - 1) == 0:
            steps.append(observe(module, loss, batch, optimizer))
            for name, rule in PEERS.items():
                raised[name].append(rule(steps))
        else:
            optimizer.zero_grad()
            loss(module, batch).backward()
            optimizer.step()
    return [_run_of(name, net, seed, found) for name, found in raised.items()]


def _run_of(tool: str, net: Net, seed: int, found: Sequence[set[Finding]]) -> Run:
    every = set().union(*found)
    names = sorted(map(str, every))
    alarmed = sum(bool(each) for each in found)
    right = bool(every & net.faults)
    return Run(tool, net.name, seed, bool(net.faults), names, right, None, len(found), alarmed)


def torchmortem(net: Net, seed: int) -> Run:
    """The package itself; an alarm is a finding of severity WARNING or above. A crash counts so."""
    from torchmortem import Autopsy

    torch.manual_seed(seed)
    module, loss, data, optimizer = net.make()
    categories: set[str] = set()
    try:
        with Autopsy(module, optimizer=optimizer) as autopsy:
            for step in range(STEPS):
                optimizer.zero_grad()
                cost = loss(module, data[step % len(data)])
                cost.backward()
                optimizer.step()
                autopsy.step(loss=cost.item())
        report = autopsy.get_report()
        wanted = report.findings if report is not None else []
        categories = {each.category for each in wanted if int(each.severity) >= 1}
    except Exception as error:  # whatever a tool does to a training, the table says
        return Run("torchmortem", net.name, seed, bool(net.faults), [f"crash: {error}"[:80]], False)
    meant = set().union(*(TORCHMORTEM.get(each, set()) for each in categories))
    right = bool(meant & net.faults)
    alarmed = int(bool(categories))
    return Run(
        "torchmortem", net.name, seed, bool(net.faults), sorted(categories), right, None, 1, alarmed
    )


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
    """Where we were wrong: each run with what was said."""
    lines = []
    for run in runs:
        wrong = (run.faulty and not run.right) or (not run.faulty and run.found)
        if run.tool == OURS and (wrong or run.cause is False):
            said = ", ".join(run.found) or "nothing"
            why = "" if wrong else " (wrong cause)"
            lines.append(f"- {run.net}, seed {run.seed}: {said}{why}")
    return "\n".join(lines) or "none"


def main() -> None:
    """Train, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="keep every run's findings here")
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--ours", action="store_true", help="depthgauge alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    runs: list[Run] = []
    for net in corpus():
        if options.only not in net.name:
            continue
        for seed in SEEDS:
            mine = ours(net, seed)
            runs.append(mine)
            if not options.ours:
                runs += [*peers(net, seed), torchmortem(net, seed)]
            print(f"{net.name}, seed {seed}: {mine.found}", file=sys.stderr)
    print(table(runs), "\n\nWhere depthgauge is wrong:\n", misses(runs), sep="\n")
    if options.json:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")


if __name__ == "__main__":
    main()
