"""From a rule that holds to a verdict: its evidence, since when, and what to try."""

from collections.abc import Sequence
from typing import Any

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.course import Held, Measured
from depthgauge.diagnosis.findings import Finding, Remedy, Verdict


def verdict(
    finding: Finding,
    lasts: Held,
    rule: str,
    text: str,
    remedies: Sequence[Remedy],
    measured: Measured | None = None,
    **facts: Any,
) -> Verdict:
    """Return the verdict; its sentence is `text`, since when it holds, and the remedies.

    `facts` are further fields of it.
    """
    evidence = {"value": measured.value, "interval": measured.interval} if measured else {}
    since = "" if finding is Finding.carries else wording.since(lasts)
    return Verdict(
        finding=finding,
        rule=rule,
        since=lasts.since,
        lasting=lasts.lasting,
        remedies=tuple(remedies),
        sentence=wording.sentence(text, since, wording.advice(remedies)),
        **(evidence | facts),
    )
