"""How often the remedies that a verdict names help, on faulty networks.

`python bench/diagnosis_remedies.py` takes those of diagnosis_nets.py, which the order of the
remedies was set on; with `--fresh` those of diagnosis_fresh_nets.py, which nothing was set on. It
watches each network once, from seed 0, and tries the remedies that its lasting faults name, on
three pairs of trainings over 100 steps, in their order and until one helps: the 95 % interval of
its effect on the training loss is above 1 % of that loss. It prints one Markdown table.
"""

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diagnosis_fresh_nets import nets
from diagnosis_nets import Net, faulty

from depthgauge.diagnosis.findings import Outcome, Remedy, Trial, Verdict
from depthgauge.diagnosis.trials import try_remedies
from depthgauge.diagnosis.verdicts import faults
from depthgauge.diagnosis.watch import watch
from diagnosis import EVERY, STEPS

SEEDS = 3
TRIED = 100
"""Steps of each training."""
HEAD = "| network | found | tried | loss without | with | effect | outcome |\n|" + "---|" * 7


@dataclass(frozen=True)
class Treated:
    """One network, what was found, and what its remedies did."""

    name: str
    found: tuple[Verdict, ...]
    trials: tuple[Trial, ...]

    @property
    def helped(self) -> bool:
        """Whether one of the named remedies helps."""
        return any(helps(trial) for trial in self.trials)

    @property
    def first_helped(self) -> bool:
        """Whether the first named remedy helps."""
        return bool(self.trials) and helps(self.trials[0])


def helps(trial: Trial) -> bool:
    """Return whether the interval of the effect is above 1 % of the loss."""
    return trial.outcome is Outcome.helps


def found(net: Net) -> tuple[Verdict, ...]:
    """Watch one training, as bench/diagnosis.py does; return the faults that last."""
    torch.manual_seed(0)
    module, loss, data, optimizer = net.make()
    with watch(module, optimizer, every=EVERY) as flow:
        for step in range(STEPS):
            optimizer.zero_grad()
            loss(module, data[step % len(data)]).backward()
            optimizer.step()
    return faults(flow.verdicts)


def treat(net: Net) -> Treated:
    """Find the faults and try what they name, in the order of naming, until one helps."""
    verdicts = found(net)
    trials: list[Trial] = []
    for each in dict.fromkeys(each for verdict in verdicts for each in verdict.remedies):
        trials += try_remedies(net.make, [Remedy(each)], seeds=SEEDS, steps=TRIED)
        if helps(trials[-1]):
            break
    return Treated(net.name, verdicts, tuple(trials))


def rows(treated: Treated) -> list[str]:
    """Return the lines of the table about one network."""
    verdicts = ", ".join(str(each.finding) for each in treated.found) or "none"
    lead = f"| {treated.name} | {verdicts} | "
    lines = []
    for trial in treated.trials:
        e = trial.effect
        unit = " decades" if trial.decades else ""
        effect = trial.note or f"{(e.low + e.high) / 2:.3g} [{e.low:.3g}, {e.high:.3g}]{unit}"
        loss = f"{trial.before:.3g} | {trial.after:.3g}"
        lines.append(f"{lead}{trial.remedy} | {loss} | {effect} | {trial.outcome} |")
        lead = "| | | "
    return lines or [f"{lead}none | | | | |"]


def shares(everyone: Sequence[Treated]) -> str:
    """Return the two shares, of the networks that have a named remedy."""
    named = [each for each in everyone if each.trials]
    any_helps = sum(each.helped for each in named)
    first = sum(each.first_helped for each in named)
    return (
        f"A named remedy helps on {any_helps} of {len(named)} networks, the first named one on"
        f" {first}; {len(everyone) - len(named)} more have none."
    )


BEGIN = "<!-- tried: written by bench/diagnosis_remedies.py --fresh -->\n"
END = "<!-- /tried -->"


def write_into(page: Path, everyone: Sequence[Treated]) -> None:
    """Write the shares and the table between the markers of the page."""
    head, rest = page.read_text(encoding="utf-8").split(BEGIN)
    lines = [shares(everyone), "", HEAD, *(row for each in everyone for row in rows(each)), ""]
    page.write_text(head + BEGIN + "\n".join(lines) + END + rest.split(END, 1)[1], encoding="utf-8")


def main() -> None:
    """Watch, try, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--fresh", action="store_true", help="the networks nothing was set on")
    parser.add_argument("--docs", type=Path, help="write the table into this page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    everyone = []
    print(HEAD)
    for net in nets() if options.fresh else faulty():
        if options.only in net.name:
            everyone.append(treat(net))
            print("\n".join(rows(everyone[-1])), flush=True)
    print("", shares(everyone), sep="\n")
    if options.docs:
        write_into(options.docs, everyone)


if __name__ == "__main__":
    main()
