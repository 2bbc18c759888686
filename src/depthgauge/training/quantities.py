"""The quantities that a study may record, in one table: axis, measurement and cost of each.

A measurement is prepared once, on the engine whose networks it reads, and then taken at its steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Experiment, Gradients, Spacing
from depthgauge.datasets.prepared import Prepared
from depthgauge.probes.bounds import bound_readings, identity_gaps
from depthgauge.probes.gradients import stacked
from depthgauge.probes.jacobians import mean_singular_values
from depthgauge.probes.output_speed import constant_logits, output_speeds, parameter_speeds
from depthgauge.probes.saturation import activation_histograms, moments, outermost
from depthgauge.probes.signal import (
    batch_weight_gradient_histograms,
    delta_histograms,
    summed,
    weight_gradient_histograms,
    weight_gradient_moments,
)
from depthgauge.training.engine import Engine
from depthgauge.training.fixed_images import FixedImages
from depthgauge.training.gains import gains
from depthgauge.training.probe import Measure
from depthgauge.training.schedule import probe_steps
from depthgauge.user_code.probe import Layers, user_probe


@dataclass(frozen=True)
class Quantity:
    """Something to record: docs/records.md lists its variables."""

    axis: str
    """Name of its axis of steps in the record."""
    prepare: Callable[[Engine, Experiment, Prepared], Measure]
    """Returns what measures it, with buffers on the networks' device."""
    operations: Callable[[Experiment, Prepared], float]
    """Floating-point operations of one measurement per weight and replica."""


def due_steps(section: str, experiment: Experiment) -> list[int]:
    """Return the steps at which the section's quantity is recorded; none where it is off."""
    settings = getattr(experiment, section)
    spacing = getattr(settings, "spacing", Spacing.linear)
    return probe_steps(settings.every, spacing, experiment.steps) if settings.every else []


def gradient_norms(settings: Gradients, engine: Engine) -> Measure:
    """Per layer: how fast it learns, on a fixed probe set and on the mini-batch itself."""
    read = engine.gradients(settings)

    def with_the_batch() -> dict[str, Tensor]:
        found = engine.batch_gradients()
        if found is None:  # after the last step: no mini-batch waits for its update
            found = [torch.full_like(b[:, 0], float("nan")) for b in engine.network.biases]
        return {**read(), "batch_bias_gradient": stacked(found)}

    return with_the_batch if settings.batch else read


def evaluations(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """Cost and accuracy on whole splits."""
    settings = experiment.evaluation
    counts = {name: _count(name, experiment, data) for name in settings.splits}
    evaluators = {
        name: engine.evaluator(engine.examples.of(getattr(data, name), count))
        for name, count in counts.items()
    }

    def measure() -> dict[str, Tensor]:
        values = {}
        for name, evaluate in evaluators.items():
            correct, cost = evaluate()
            values[f"accuracy_{name}"] = correct.double() / counts[name]
            values[f"cost_{name}"] = cost / counts[name]
        return values

    return measure


def _count(split: str, experiment: Experiment, data: Prepared) -> int:
    there = len(getattr(data, split).labels)
    return min(experiment.evaluation.images or there, there)


def bounds(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """Per layer: bound (**), how much of it the gradients use, and the gap of identity (*)."""
    settings, slopes = experiment.bounds, gains(experiment)
    images = FixedImages.shared(engine, engine.examples.first(settings.images))

    def measure() -> dict[str, Tensor]:
        deltas, weights = images.backward(), engine.network.weights
        errors = images.activations[-1] - images.y
        values = bound_readings(weights, deltas, errors, slopes.gamma, slopes.output)
        if settings.identities:
            values["identity_gap"] = identity_gaps(deltas, images.inputs, settings.identities)
        return {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in values.items()}

    return measure


def saturation(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """Per layer, the output's softmax included: mean, spread, 98th percentile, histogram."""
    tested = engine.examples.of(data.test, experiment.saturation.images)
    images = FixedImages.shared(engine, tested)

    def measure() -> dict[str, Tensor]:
        values = images.outputs()
        mean, spread = moments(values)
        return {
            "activation_mean": mean,
            "activation_std": spread,
            "modulus_percentile_98": outermost(values),
            "activation_histogram": activation_histograms(values),
        }

    return measure


def signal(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """Per layer: mean and spread of delta and of dC/dw, example by example, and histograms."""
    settings = experiment.signal
    images = FixedImages.shared(engine, engine.examples.first(settings.images))

    def measure() -> dict[str, Tensor]:
        deltas, inputs = images.backward(), images.inputs
        delta_mean, delta_std = moments(deltas)
        mean, spread = weight_gradient_moments(deltas, inputs)
        values = {
            "delta_mean": delta_mean,
            "delta_std": delta_std,
            "weight_gradient_mean": mean,
            "weight_gradient_std": spread,
        }
        if settings.histograms:
            values["delta_histogram"] = delta_histograms(deltas)
            values["weight_gradient_histogram"] = weight_gradient_histograms(
                deltas, inputs, settings.histograms
            )
        if settings.batch:
            size, batches = settings.batch, settings.histograms
            values["batch_delta_histogram"] = delta_histograms(summed(deltas, size))
            values["batch_weight_gradient_histogram"] = batch_weight_gradient_histograms(
                deltas, inputs, size, batches
            )
        return values

    return measure


def jacobians(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """Per hidden layer that a hidden layer feeds: its Jacobian's mean singular value.

    It differs more between images than between networks. So each seed looks at images of its own,
    and an interval over seeds is one over images, too.
    """
    tested = engine.examples.of(data.test)
    images = FixedImages.own(engine, tested, experiment.jacobians.images)

    def measure() -> dict[str, Tensor]:
        images.forward()
        weights, kept = engine.network.weights, images.kept
        return {"jacobian_singular_value": mean_singular_values(engine.activation, weights, kept)}

    return measure


def output_speed(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """The speeds of the output's bias and of W h, on the first training images."""
    first = engine.examples.first(experiment.output_speed.images)
    images = FixedImages.shared(engine, first)

    def measure() -> dict[str, Tensor]:
        deltas, inputs, network = images.backward(), images.inputs, engine.network
        w, b = network.weights[-1], network.biases[-1]
        return {
            **output_speeds(engine.activation, network.weights, deltas, inputs, images.kept),
            **constant_logits(engine.cost, w, b, inputs[-1], images.y),
            **parameter_speeds(deltas[-1], inputs[-1]),
        }

    return measure


def user_quantity(engine: Engine, experiment: Experiment, data: Prepared) -> Measure:
    """What a function of the user's own returns, on the first training images."""
    path = experiment.probe.function
    function, name = user_probe(path), f"user_{path.rpartition('.')[2]}"
    images = FixedImages.shared(engine, engine.examples.first(experiment.probe.images))

    def measure() -> dict[str, Tensor]:
        deltas, network = images.backward(), engine.network
        biases = [each[:, 0] for each in network.biases]
        layers = Layers(images.inputs, images.activations, deltas, [*network.weights], biases)
        return {name: function(layers)}

    return measure


QUANTITIES = {
    "gradients": Quantity(
        "gradient_step",
        lambda engine, experiment, _: gradient_norms(experiment.gradients, engine),
        lambda e, _: 6.0 * e.gradients.images,  # forward, backward, weight gradient
    ),
    "evaluation": Quantity(
        "evaluation_step",
        evaluations,
        lambda e, data: 2.0 * sum(_count(name, e, data) for name in e.evaluation.splits),
    ),
    "bounds": Quantity(
        "bound_step",
        bounds,
        lambda e, _: 4.0 * e.bounds.images,  # singular values of a narrow net add little
    ),
    "saturation": Quantity("activation_step", saturation, lambda e, _: 2.0 * e.saturation.images),
    "signal": Quantity(
        "signal_step",
        signal,
        # forward, backward, and gradients that are counted entry by entry
        lambda e, _: (
            4.0 * e.signal.images + 40.0 * e.signal.histograms * (2 if e.signal.batch else 1)
        ),
    ),
    "jacobians": Quantity(
        "jacobian_step",
        jacobians,
        # about 8/3 n^3 operations for n^2 weights, n of a thousand, at a tenth of the speed
        lambda e, _: 25_000.0 * e.jacobians.images,
    ),
    "output_speed": Quantity(
        "output_step",
        output_speed,
        lambda e, _: 8.0 * e.output_speed.images,  # and forward once more with products
    ),
    "probe": Quantity("probe_step", user_quantity, lambda e, _: 4.0 * e.probe.images),
}
"""By the section of an experiment that asks for it; records list them in this order."""
