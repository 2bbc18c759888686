"""Glorot and Bengio, Figs. 11 and 12, sections 4.1 and 5: test error against updates."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, known, measured, missing, selected
from depthgauge.report.chosen_rates import Nets, by_model, error_basis, mean_error, tuned
from depthgauge.report.error_panel import error_panels, error_y, net_colour
from depthgauge.report.figure import Figure
from depthgauge.report.models import MODELS, SHOWN
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS, rounded, usable
from depthgauge.studies.glorot.register import SAMPLE_ERRORS, TITLES
from depthgauge.studies.glorot.svm import SAMPLE, chosen

STUDY = "glorot_error"

_COSTS = {"nll": "log-likelihood", "softmax_quadratic": "quadratic"}

_INITS = {"tanh": "Standard initialization", "tanh_n": "Normalized initialization"}
_STEPS = {"": "one for all", "_hessian": "Hessian's diagonal", "_variance": "gradient variance"}
_NAMED = {
    "tanh": "with one step size",
    "tanh_hessian": "with step sizes from the Hessian's diagonal",
    "tanh_n": "with the normalized initialization",
}


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
        finding=_best_and_worst(nets),
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
    found: dict[str, Nets] = {
        each: by_model(tuned(records, STUDY, dataset=each)) for each in datasets if each in there
    }
    if not found:
        raise missing(STUDY, dataset=" or ".join(datasets))
    return found


def _best_and_worst(found: Mapping[str, Nets]) -> str:
    parts = []
    for title, nets in found.items():
        errors = {name: mean_error(net) for name, net in nets.items()}
        best, worst = min(errors, key=lambda m: errors[m]), max(errors, key=lambda m: errors[m])
        parts.append(
            f"{title}: {brief(errors[best])} % at best ({best.lower()}),"
            f" {brief(errors[worst])} % at worst ({worst.lower()})"
        )
    return f"Mean test error after the last update. {'; '.join(parts)}."


def quadratic(records: Records) -> Figure:
    """Draw both costs for each initialization; raises DataError without any."""
    cells = tuned(records, "glorot_quadratic", dataset="shapeset")
    nets: dict[str, dict[str, xr.Dataset]] = {}
    for cell in cells:
        costs = nets.setdefault(SHOWN[cell.attrs["axes"]["model"]], {})
        costs[_COSTS[cell.attrs["config"]["cost"]]] = cell
    panels = error_panels(nets, "glorot_quadratic", net_colour(list(_COSTS.values())), (290, 250))
    return Figure(
        study="glorot_quadratic",
        title="Log-likelihood and quadratic cost behind the same softmax",
        finding=_errors_by_cost(nets),
        caption=(
            "Does the log-likelihood learn faster? Test error on Shapeset-3x2 against updates, each"
            " curve at the learning rate chosen on the validation images. Line: median over seeds;"
            f" {BAND_WORDS}. Both panels have the same axes."
        ),
        basis=error_basis(cells),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _errors_by_cost(nets: Mapping[str, Nets]) -> str:
    """Return the mean test error with each cost after the last update, model by model."""
    parts = [
        f"{model.lower()} "
        + ", ".join(f"{brief(mean_error(net))} % ({cost})" for cost, net in costs.items())
        for model, costs in nets.items()
    ]
    return f"Mean test error after the last update: {'; '.join(parts)}."


def second_order(records: Records) -> Figure:
    """Draw the models that are there; raises DataError without any."""
    nets = by_model(tuned(records, "glorot_second_order", dataset="shapeset"))
    pairs = {
        title: {name: nets[init + end] for end, name in _STEPS.items() if init + end in nets}
        for init, title in _INITS.items()
    }
    drawn = known({title: each for title, each in pairs.items() if each}, "glorot_second_order")
    panels = error_panels(
        drawn, "glorot_second_order", net_colour(list(_STEPS.values())), (290, 250)
    )
    errors = [
        f"{brief(mean_error(nets[model]))} % {name}"
        for model, name in _NAMED.items()
        if model in nets
    ]
    return Figure(
        study="glorot_second_order",
        title="Step sizes from curvature, with both initializations",
        finding=f"Mean test error after the last update: {', '.join(errors)}.",
        caption=(
            "Do step sizes from curvature help as much as the normalized initialization? Test error"
            " on Shapeset-3x2 against updates, each curve at the learning rate chosen on the"
            f" validation images. Line: median over seeds; {BAND_WORDS}. Both panels have the same"
            " axes."
        ),
        basis=error_basis(nets.values()),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def support_vectors(records: Records) -> Figure:
    """Draw the net's curve over the level of the support vectors; DataError without either."""
    machine, net = (_cell(records, model) for model in ("svm", "tanh_n"))
    config = net.attrs["config"]
    c, gamma = (float(measured(machine, f"chosen_{each}")[0]) for each in ("c", "gamma"))
    (drawn,) = error_panels(
        {"Shapeset-3x2": {"network": net}}, "glorot_svm", net_colour(["network"]), (560, 220)
    )
    return Figure(
        study="glorot_svm",
        title="A support vector machine and a five-layer network on the same sample",
        finding=(
            f"The support vector machine errs on {brief(mean_error(machine))} % of the test images,"
            f" the network on {brief(mean_error(net))} % after {config['steps']:,} updates"
            f" (published, at full length: {SAMPLE_ERRORS['svm']} and {SAMPLE_ERRORS['tanh_n']} %)."
        ),
        caption=(
            "Does the network's curve end below the dashed line? Test error on Shapeset-3x2 after"
            f" learning from {config['train_size']:,} examples (published: {SAMPLE:,}). Line:"
            f" network of five hidden layers of {config['hidden'][0]:,} tanh units, normalized"
            f" initialization, median over seeds; {BAND_WORDS}; dashed: support vector machine,"
            f" C = {c:g}, gamma = {gamma:g} / (features × variance). C, gamma and the learning rate"
            " are chosen on the validation images."
        ),
        basis=basis([net]),
        chart=alt.concat(sum(_level(mean_error(machine), net), start=drawn), columns=1),
    )


def _cell(records: Records, model: str) -> xr.Dataset:
    for record in selected(records, "glorot_svm", model=model):
        measured(record, "accuracy_test")
        kept = usable(record)
        if kept.sizes["replica"]:
            return chosen(record).assign_attrs(n_diverged=kept.attrs["n_diverged"])
    raise missing("glorot_svm", model=model)


def _level(error: float, net: xr.Dataset) -> list[alt.Chart]:
    """Return the error of the support vectors as a dashed line over the net's updates."""
    steps = [0, int(net["evaluation_step"][-1])]
    table = pd.DataFrame({"updates": steps, "error": [*rounded([error])] * 2})
    base = alt.Chart(table.assign(name="support vector machine")).encode(
        x=alt.X("updates:Q"), y=error_y("error")
    )
    words = base.transform_filter(alt.datum.updates == 0).mark_text(style="over_line")
    return [base.mark_line(style="reference"), words.encode(text="name:N")]
