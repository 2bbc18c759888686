"""Every figure of the report, by name."""

from collections.abc import Callable
from functools import partial

from depthgauge.errors import DataError
from depthgauge.report.bounds import bounds, bounds_tanh
from depthgauge.report.cells import Records
from depthgauge.report.figure import Figure
from depthgauge.report.glorot_cost_surface import cost_surface
from depthgauge.report.glorot_depth import depth
from depthgauge.report.glorot_error_curves import (
    error_curves,
    quadratic,
    second_order,
    support_vectors,
)
from depthgauge.report.glorot_error_table import error_table
from depthgauge.report.glorot_gradients import gradients
from depthgauge.report.glorot_init_histograms import activations, deltas, weight_gradients
from depthgauge.report.glorot_init_profiles import jacobians, variances
from depthgauge.report.glorot_output_speed import output_speed
from depthgauge.report.glorot_pretraining import pretraining
from depthgauge.report.glorot_saturation import histograms, percentiles, sigmoid
from depthgauge.report.glorot_widths import widths
from depthgauge.report.mean_field import mean_field
from depthgauge.report.nielsen_accuracy import accuracy
from depthgauge.report.nielsen_capacity import capacity
from depthgauge.report.nielsen_chain import chain
from depthgauge.report.nielsen_initial_speed import initial_speed
from depthgauge.report.nielsen_minibatch_speed import minibatch_speed
from depthgauge.report.nielsen_neuron_bars import neuron_bars
from depthgauge.report.nielsen_training_speed import training_speed
from depthgauge.report.remedies_error import remedies_error, remedies_sigmoid
from depthgauge.report.remedies_profiles import remedies_gradients, remedies_updates
from depthgauge.untrusted import lookups_in

CHAPTERS: dict[str, dict[str, Callable[[Records], Figure]]] = {
    "Nielsen, chapter 5: how fast layers learn": {
        "nielsen_accuracy": accuracy,
        "nielsen_neuron_bars": neuron_bars,
        "nielsen_initial_speed": initial_speed,
        "nielsen_training_speed_2": partial(training_speed, depth=2),
        "nielsen_training_speed_3": partial(training_speed, depth=3),
        "nielsen_training_speed_4": partial(training_speed, depth=4),
        "nielsen_minibatch_speed": minibatch_speed,
    },
    "Nielsen, Milman and mean-field theory: why": {
        "nielsen_chain": chain,
        "mean_field": mean_field,
        "bounds": bounds,
        "bounds_tanh": bounds_tanh,
        "nielsen_capacity": capacity,
    },
    "Glorot and Bengio, section 3: saturation and the cost": {
        "glorot_saturation_sigmoid": sigmoid,
        "glorot_output_speed": output_speed,
        "glorot_saturation_percentiles": percentiles,
        "glorot_saturation_histograms": histograms,
        "glorot_cost_surface": cost_surface,
    },
    "Glorot and Bengio, section 4: initialization": {
        "glorot_init_activations": activations,
        "glorot_init_deltas": deltas,
        "glorot_init_weight_gradients": weight_gradients,
        "glorot_init_variances": variances,
        "glorot_init_jacobians": jacobians,
        "glorot_gradients": gradients,
    },
    "Glorot and Bengio, section 5: test errors": {
        "glorot_error_table": error_table,
        "glorot_error_curves_11": partial(error_curves, number=11, datasets=("shapeset",)),
        "glorot_error_curves_12": partial(error_curves, number=12, datasets=("mnist", "cifar10")),
        "glorot_depth": depth,
        "glorot_quadratic": quadratic,
        "glorot_second_order": second_order,
        "glorot_pretraining": pretraining,
        "glorot_svm": support_vectors,
        "glorot_widths": widths,
    },
    "What helps": {
        "remedies_sigmoid": remedies_sigmoid,
        "remedies_error": remedies_error,
        "remedies_gradients": remedies_gradients,
        "remedies_updates": remedies_updates,
    },
}
"""Every figure once, under what it belongs to. Each raises DataError when the records lack what it
draws."""

FIGURES = {name: figure for chapter in CHAPTERS.values() for name, figure in chapter.items()}


def draw(records: Records) -> tuple[dict[str, Figure], dict[str, str]]:
    """Return the figures that `records` allow, and for each of the others why it is missing."""
    drawn, missing = {}, {}
    for name, figure in FIGURES.items():
        try:
            with lookups_in("a record of what it shows"):
                drawn[name] = figure(records)
        except DataError as error:
            missing[name] = str(error)
    return drawn, missing
