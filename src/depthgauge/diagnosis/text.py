"""Verdicts as a short text for a terminal."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depthgauge.diagnosis.findings import Diagnosis, Trial, Verdict

WIDTH = 92


def verdicts_text(verdicts: "Sequence[Verdict]") -> str:
    """Return one paragraph per verdict: the finding in capitals, then its sentences."""
    return "\n".join(_paragraph(v.finding.upper(), v.sentence) for v in verdicts)


def diagnosis_text(diagnosis: "Diagnosis") -> str:
    """Return the network's line, the verdicts, and what the trials found."""
    looks = diagnosis.looks
    steps = (
        f"{len(looks)} looks, steps {looks[0].step} to {looks[-1].step}" if looks else "no looks"
    )
    head = f"{diagnosis.network or 'network'}: {steps}"
    trials = [_paragraph("TRIED", trial_sentence(t)) for t in diagnosis.trials]
    return "\n".join([head, verdicts_text(diagnosis.verdicts), *trials])


def trial_sentence(trial: "Trial") -> str:
    """Return what a remedy did to the loss, and whether the interval leaves it in doubt."""
    e = trial.effect
    change = {
        "helps": f"is lower by {_span(e.low, e.high)}",
        "harms": f"is higher by {_span(-e.high, -e.low)}",
        "no clear effect": f"changes by {_span(-e.high, -e.low, '+')}",
    }[trial.outcome]
    if e.low == e.high == 0:
        change = "is the same"
    unit = " decades" if trial.decades else ""
    found = f"the loss {change}{unit} (95 % interval over {e.n} {e.over})"
    return (
        f"{trial.remedy}: loss after {trial.steps} steps {trial.before:.3g} -> {trial.after:.3g};"
        f" {trial.outcome}: {trial.note or found}"
    )


def _span(low: float, high: float, sign: str = "") -> str:
    """Return the ends of an interval, with true minus signs."""
    return f"{low:{sign}#.3g} to {high:{sign}#.3g}".replace("-", "−")


def _paragraph(head: str, body: str) -> str:
    return textwrap.fill(f"{head}: {body}", WIDTH, subsequent_indent="  ")
