"""One self-contained HTML page about a diagnosis; nothing of the user's data is in it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from depthgauge.colours import BACKGROUND, CATEGORY_COLOURS, INK
from depthgauge.diagnosis import charts, wording
from depthgauge.diagnosis.findings import (
    FAULTS,
    Diagnosis,
    Finding,
    Interval,
    Outcome,
    Trial,
    Verdict,
)
from depthgauge.diagnosis.layer_table import layer_columns, layer_rows
from depthgauge.diagnosis.readings import ONE_PASS, Look
from depthgauge.errors import ResourceError

STANDING = (Finding.not_depth, Finding.stands_still)
"""Findings on the loss, whose value has no interval."""


def write_page(diagnosis: Diagnosis, path: str | Path) -> None:
    """Write the page to `path`; raises ResourceError where it cannot be written."""
    try:
        Path(path).write_text(page_html(diagnosis), encoding="utf-8")
    except OSError as error:
        raise ResourceError(
            f"the page cannot be written to {path}: {error.strerror}; choose another file"
        ) from None


def page_html(diagnosis: Diagnosis) -> str:
    """Return the page: verdicts, trials, charts and a row a layer; no script, no other file."""
    environment = Environment(
        loader=PackageLoader("depthgauge.diagnosis", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    labels = {s.name: s.label for look in diagnosis.looks for s in look.sites}
    return environment.get_template("page.html.j2").render(
        network=diagnosis.network or "A network",
        summary=_summary(diagnosis),
        verdicts=[_card(v, labels) for v in diagnosis.verdicts],
        trials=[_trial(t) for t in diagnosis.trials],
        profiles=_profiles(diagnosis.looks),
        about=dict(diagnosis.about),
        problems=list(dict.fromkeys(k.problem for k in diagnosis.looks if k.problem)),
        colours=CATEGORY_COLOURS,
        background=BACKGROUND,
        ink=INK,
    )


def notebook_html(diagnosis: Diagnosis) -> str:
    """Return the page in a frame of its own, so that its styles stay out of the notebook's."""
    page = escape(page_html(diagnosis))
    return Markup(
        '<iframe title="Diagnosis" sandbox="" style="width:100%;height:720px;border:0"'
        ' srcdoc="{}"></iframe>'
    ).format(page)


def _summary(diagnosis: Diagnosis) -> str:
    looks = [k for k in diagnosis.looks if k.problem is None]
    faults = sum(v.finding in FAULTS for v in diagnosis.verdicts)
    if not looks:
        return "Not judged: no look at a training step could be taken."
    found = {0: "No fault found", 1: "1 fault found"}.get(faults, f"{faults} faults found")
    first, last = min(k.step for k in looks), max(k.step for k in looks)
    steps = f"at step {first}" if first == last else f"from step {first:,} to step {last:,}"
    return f"{found} in {len(looks)} look{'' if len(looks) == 1 else 's'} {steps}."


def _profiles(looks: Sequence[Look]) -> list[dict[str, Any]]:
    found: dict[str, list[Look]] = {}
    for look in sorted(looks, key=lambda k: k.step):
        if look.problem is None and look.sites:
            found.setdefault(look.profile, []).append(look)
    unnamed = "" if len(found) == 1 else ONE_PASS
    return [_profile(each, name or unnamed) for name, each in found.items()]


def _profile(looks: list[Look], name: str) -> dict[str, Any]:
    chart = charts.profile_chart(looks)
    return {
        "name": name,
        "signal": chart,
        "lines": [(name, f"c{n % 6}") for n, name in enumerate(charts.line_names(looks))],
        "theory": chart is not None and 'class="line theory"' in chart,
        "parts": charts.parts_chart(looks),
        "steps": charts.steps_chart(looks),
        "loss": charts.loss_chart(looks),
        "causes": [(c, f"c{charts.PARTS.index(c)}") for c in charts.shown_parts(looks)],
        "columns": layer_columns(charts.latest(looks)),
        "rows": layer_rows(charts.latest(looks)),
        "count": len(charts.latest(looks)),
    }


def _card(verdict: Verdict, labels: Mapping[str, str]) -> dict[str, Any]:
    kind, mark = "note", "! note"
    if verdict.finding is Finding.carries:
        kind, mark = "fine", "✓ fine"
    elif verdict.finding in FAULTS:
        kind, mark = ("fault", "✕ fault") if verdict.lasting else ("note", "? seen once")
    facts = {"Measured": _amount(verdict), "How sure": _certainty(verdict)}
    if verdict.theory is not None:
        facts["Theory"] = f"{wording.signed(verdict.theory)} decades at initialization"
    if verdict.cause is not None:
        facts["Cause"] = str(verdict.cause)
    if verdict.sites:
        facts["Where"] = wording.names([labels.get(name, name) for name in verdict.sites], 6)
    return {
        "kind": kind,
        "mark": mark,
        "finding": str(verdict.finding),
        "sentence": verdict.sentence.removesuffix(_advice(verdict)).strip(),
        "facts": {k: v for k, v in (facts | {"Rule": verdict.rule}).items() if v},
        "remedies": verdict.remedies,
    }


def _advice(verdict: Verdict) -> str:
    """Return the sentence's last part, which the page shows as a list."""
    return wording.advice(verdict.remedies)


def _amount(verdict: Verdict) -> str:
    if verdict.value is None:
        return ""
    if verdict.value == -math.inf:
        return "exactly zero"
    return f"{wording.writer(verdict.unit)(verdict.value)} {verdict.unit.removeprefix('share ')}"


def _certainty(verdict: Verdict) -> str:
    if verdict.finding is Finding.cannot_judge:
        return ""
    lasts = f"lasting since step {verdict.since:,}" if verdict.lasting else "seen at one step only"
    if verdict.value is None or verdict.value == -math.inf or verdict.finding in STANDING:
        return lasts
    interval = _interval(verdict.interval, verdict.unit)
    return interval if verdict.finding is Finding.carries else f"{interval}; {lasts}"


def _interval(interval: Interval | None, unit: str) -> str:
    if interval is None:
        return "no interval: too few looks or seeds for one"
    speaks = {
        "batches": "for this one training, not for other initializations",
        "initializations": "for networks made like this one",
    }[interval.over]
    low, high = wording.ends(interval, wording.writer(unit))
    found = "the same in all" if low == high else f"95 % interval {low} to {high} over"
    return f"{found} {interval.n} {interval.over}, valid {speaks}"


def _trial(trial: Trial) -> dict[str, Any]:
    e = trial.effect
    kind, mark = {
        Outcome.helps: ("fine", "✓ "),
        Outcome.harms: ("fault", "✕ "),
        Outcome.unclear: ("note", ""),
    }[trial.outcome]
    return {
        "remedy": trial.remedy,
        "before": f"{trial.before:.3g}",
        "after": f"{trial.after:.3g}",
        "effect": f"{wording.short((e.low + e.high) / 2)}"
        f" [{wording.short(e.low)}, {wording.short(e.high)}]" + (" decades" * trial.decades),
        "kind": kind,
        "word": mark + trial.outcome,
        "over": f"{e.n} {e.over}, {trial.steps} steps",
        "note": trial.note,
    }
