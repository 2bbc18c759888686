"""How often the diagnosis is right, beside four tools' published rules and torchmortem.

`python bench/diagnosis.py` trains every network of diagnosis_nets.py and diagnosis_loss_nets.py
from three seeds and prints one table; `--json FILE` keeps what each tool said of each run. All
tools see the same nets, seeds and steps. Intervals are 95 %, by bootstrap over networks, whose
seeds stay together. What other tools say does not change with our rules: `--others FILE` takes
it from an earlier run's file, where that has it.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diagnosis_loss_nets import TUNING, nets
from diagnosis_nets import Net, corpus
from diagnosis_peers import PEERS, TORCHMORTEM, observe
from diagnosis_table import OURS, Run, block, load, save, write_into

from depthgauge.diagnosis.cadence import is_due
from depthgauge.diagnosis.findings import Finding
from depthgauge.diagnosis.verdicts import faults, judge
from depthgauge.diagnosis.watch import watch

STEPS = 121
EVERY = 10
SEEDS = (0, 1, 2)
DEPTH = (Finding.vanishes, Finding.explodes)


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
        if is_due(step, EVERY):
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
    from torchmortem import Autopsy  # pyright: ignore[reportMissingImports] (extra: bench)

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


def main() -> None:
    """Train, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="keep every run's findings here")
    parser.add_argument("--docs", type=Path, help="write the table into this page")
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--ours", action="store_true", help="depthgauge alone")
    parser.add_argument("--others", type=Path, help="other tools' runs are taken from this file")
    options = parser.parse_args()
    known = [run for run in load(options.others) if run.tool != OURS] if options.others else []
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    runs: list[Run] = []
    for seed in SEEDS:
        for net in (each for each in (*corpus(), *nets()) if options.only in each.name):
            said = [ours(net, seed)]
            others = [run for run in known if (run.net, run.seed) == (net.name, seed)]
            if not options.ours:
                said += others or [*peers(net, seed), torchmortem(net, seed)]
            runs += [replace(run, tuning=net.name in TUNING) for run in said]
            print(f"{net.name}, seed {seed}: {said[0].found}", file=sys.stderr)
        if options.json:
            save(runs, options.json)
    print(block(runs))
    if options.docs:
        write_into(options.docs, runs)


if __name__ == "__main__":
    main()
