import numpy as np
import pytest
import xarray as xr

from depthgauge.report.any_study import MOST_CELLS, study_figures
from depthgauge.report.figure import svg


def record(hidden=(30, 30, 30), rates=(0.1,), label="init=he", evaluations=3):
    """Return a record of a user's study: every number is drawn at random."""
    seeds, steps, layers = 3, 5, len(hidden) + 1
    draw = np.random.default_rng(1)
    replicas = seeds * len(rates)
    return xr.Dataset(
        {
            "delta_rms": (
                ("replica", "gradient_step", "layer"),
                draw.lognormal(size=(replicas, steps, layers)),
            ),
            "accuracy_test": (
                ("replica", "evaluation_step"),
                draw.uniform(size=(replicas, evaluations)),
            ),
            "diverged_at": ("replica", np.full(replicas, -1)),
        },
        {
            "seed": ("replica", np.repeat(np.arange(seeds), len(rates))),
            "learning_rate": ("replica", np.tile(rates, seeds)),
            "layer": np.arange(1, layers + 1),
            "gradient_step": np.arange(steps) * 10,
            "evaluation_step": np.arange(evaluations) * 20,
        },
        {
            "study": "mine",
            "scale": "quick",
            "label": label,
            "config": {"hidden": list(hidden), "steps": 40, "procedure": "descent"},
            "data": {"name": "digits", "hash": "d1" * 32},
            "published_steps": None,
        },
    )


def rows(figure):
    """Return all rows that a figure draws."""
    tables = figure.chart.to_dict()["datasets"].values()
    return [row for table in tables for row in table]


def test_a_study_of_a_users_own_has_figures():
    """Gradient over depth and over training, accuracy; each is a picture with its caption in it."""
    drawn = study_figures([record(), record(label="init=orthogonal")])
    assert list(drawn) == ["by_layer", "over_training", "accuracy"]
    for figure in drawn.values():
        picture = svg(figure)
        assert figure.title in figure.finding and "central 95 % of seeds" in figure.finding
        assert all(word in picture for word in figure.finding.split())
    assert "digits" in drawn["accuracy"].basis


def test_lines_are_medians_over_seeds():
    made = record()
    drawn = study_figures([made])
    last = made["delta_rms"].isel(gradient_step=-1).median("replica")
    found = {row["layer"]: row["median"] for row in rows(drawn["by_layer"]) if row["step"] == 40}
    assert found == pytest.approx(
        {layer: float(last.sel(layer=layer)) for layer in (1, 2, 3)}, rel=1e-3
    )
    accuracy = made["accuracy_test"].isel(evaluation_step=1).median("replica")
    (shown,) = [row for row in rows(drawn["accuracy"]) if row["step"] == 20]
    assert shown["median"] == pytest.approx(100 * float(accuracy), rel=1e-3)


def test_each_learning_rate_is_a_line():
    cells = {row["cell"] for row in rows(study_figures([record(rates=(0.1, 0.3))])["accuracy"])}
    assert cells == {"init=he, learning_rate=0.1", "init=he, learning_rate=0.3"}


def test_what_cannot_be_drawn_is_left_out():
    """One hidden layer, one evaluation, a cell of which every seed diverged."""
    assert list(study_figures([record(hidden=(30,), evaluations=1)])) == []
    lost = record()
    lost["diverged_at"][:] = 10
    assert study_figures([lost]) == {}


def test_of_a_large_grid_the_first_cells_are_drawn():
    """And the caption says so."""
    many = [record(label=f"l2={each}") for each in range(MOST_CELLS + 2)]
    figure = study_figures(many)["accuracy"]
    assert len({row["cell"] for row in rows(figure)}) == MOST_CELLS
    assert f"The first {MOST_CELLS} of {MOST_CELLS + 2} cells." in figure.caption
