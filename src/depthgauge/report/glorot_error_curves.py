"""Glorot and Bengio, Figs. 11 and 12: test error against updates."""

from collections.abc import Mapping, Sequence

import altair as alt

from depthgauge.report.cells import Records, missing
from depthgauge.report.chosen_rates import Nets, by_model, error_basis, mean_error, tuned
from depthgauge.report.error_panel import error_panels, net_colour
from depthgauge.report.figure import Figure
from depthgauge.report.models import MODELS, SHOWN
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS
from depthgauge.studies.glorot.published import TITLES

STUDY = "glorot_error"


def error_curves(records: Records, number: int, datasets: Sequence[str]) -> Figure:
    """Draw the paper's figure of this number; raises DataError without any of its data sets."""
    found = nets_by_set(records, datasets)
    nets = {
        TITLES[dataset]: {SHOWN[model]: net for model, net in each.items()}
        for dataset, each in found.items()
    }
    panels = error_panels(nets, f"fig_{number}", net_colour(MODELS), (210, 240))
    absent = ", ".join(TITLES[each] for each in datasets if each not in found)
    return Figure(
        study=STUDY,
        title=f"Test error against updates (Fig. {number})",
        finding=_finding(nets),
        caption=(
            "The lower a curve, the faster the network learns. Test error of five hidden layers at"
            f" the learning rate chosen on the validation images. Line: median over seeds;"
            f" {BAND_WORDS}.{f' Not trained here: {absent}.' if absent else ''}"
        ),
        basis=error_basis([net for each in found.values() for net in each.values()]),
        chart=alt.concat(*panels, columns=2),
    )


def nets_by_set(records: Records, datasets: Sequence[str]) -> dict[str, Nets]:
    """Return data set -> model -> cell at its chosen rate; data sets that were not run are absent.

    Raises DataError when nothing is left.
    """
    there = {record.attrs["data"]["name"] for record in records.get(STUDY, ())}
    found = {
        each: by_model(tuned(records, STUDY, dataset=each)) for each in datasets if each in there
    }
    if not found:
        raise missing(STUDY, dataset=" or ".join(datasets))
    return found


def _finding(found: Mapping[str, Nets]) -> str:
    parts = []
    for title, nets in found.items():
        errors = {name: mean_error(net) for name, net in nets.items()}
        best, worst = min(errors, key=lambda m: errors[m]), max(errors, key=lambda m: errors[m])
        parts.append(
            f"{title}: {brief(errors[best])} % at best ({best.lower()}),"
            f" {brief(errors[worst])} % at worst ({worst.lower()})"
        )
    return f"Mean test error after the last update. {'; '.join(parts)}."
