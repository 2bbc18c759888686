"""Two saved views of a study's experiment: its cells in a table, and the charts that compare them.

MLflow opens an experiment with its sweeps collapsed: no metric, no parameter, no chart. Its menu
Views lists these two, and the experiment's description links to them. A saved view is a tag of the
experiment with the JSON that MLflow's page writes when a user saves one (3.17); a version that
does not know an entry of it shows its own default instead.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from depthgauge.tracking.curves import short
from depthgauge.tracking.metadata import DESCRIPTION, SCALE, varied
from depthgauge.tracking.scalars import ACCURACY, COST, DECADES, GRADIENTS
from depthgauge.tracking.store import Store
from depthgauge.tracking.sweep import Sweep

VIEW = "mlflow.sharedViewState."
"""MLflow's tag of a saved view, before the key that its address has."""

MOST_COLUMNS = 6
"""Of parameters: as many as fit next to the metrics in a usual window."""

PAGE = "#/experiments/{}/runs?workflowType=machine_learning&viewStateShareKey="

OVER_STEPS = ("accuracy_test", "accuracy_validation", "cost_test", "cost_validation", "probe_cost")
"""Metrics whose curves over SGD steps come first."""


def save_views(store: Store, experiment: str, sweep: Sweep, metrics: Iterable[str]) -> None:
    """Write both views, of the metrics that the sweep's runs have, and link to them."""
    names = sorted(metrics)
    order = _order(names)
    columns = [f"metrics.`{name}`" for name in (ACCURACY, COST, DECADES) if name in names]
    columns += [f"params.`{name}`" for name in varied(sweep.cells)[:MOST_COLUMNS]]
    table = order | {"selectedColumns": [*columns, f"tags.`{SCALE}`"]}
    found = store.client.get_experiment(experiment)
    for key, title, state in (
        ("table", "Table", table),
        ("charts", "Charts", order | _charts(names)),
    ):
        made = {"createdAt": found.creation_time, "updatedAt": found.creation_time}
        view = {"name": title, **made, "state": json.dumps(state)}
        store.client.set_experiment_tag(experiment, VIEW + key, json.dumps(view))
    question = str(sweep.notebook.get("question", ""))
    if found.tags.get(DESCRIPTION, "") == question:  # else a user has written there
        links = _links(experiment)
        store.client.set_experiment_tag(experiment, DESCRIPTION, f"{question} {links}".strip())


def _links(experiment: str) -> str:
    page = PAGE.format(experiment)
    return f"[Table]({page}table) · [Charts]({page}charts&compareRunsMode=CHART)"


def _order(names: Sequence[str]) -> dict[str, Any]:
    """Return the order of runs: another than by time also shows the cells of collapsed sweeps."""
    first = next((name for name in (ACCURACY, DECADES, COST) if name in names), "n_diverged")
    return {"orderByKey": f"metrics.`{first}`", "orderByAsc": first == COST}


def _charts(names: Sequence[str]) -> dict[str, Any]:
    """Return the charts that come first, in sections; MLflow adds those of all other metrics."""
    gradient = [short(name) for name in GRADIENTS if any(short(name) in each for each in names)][:1]
    layers = [name for each in gradient for name in names if name.startswith(f"{each}/layer_")]
    layers.sort(key=lambda name: int(name.rpartition("_")[2]))
    depth = [
        f"{when}/{each}" for each in gradient for when in ("depth_initial", "depth_final", "depth")
    ]
    sections = {
        "Results": [_chart(name, "BAR") for name in (ACCURACY, DECADES, COST) if name in names],
        "Gradient over depth (step: the layer)": [
            _chart(name, "LINE", "log") for name in depth if name in names
        ],
        "Training": [_chart(name, "LINE") for name in OVER_STEPS if name in names],
        "Gradient of each layer": [_chart(name, "LINE", "log") for name in layers],
    }
    return {
        "isAccordionReordered": True,
        "compareRunSections": [
            {"uuid": title, "name": title, "display": True} for title in sections
        ],
        "compareRunCharts": [
            chart | {"metricSectionId": title} for title, each in sections.items() for chart in each
        ],
    }


def _chart(metric: str, kind: str, scale: str = "linear") -> dict[str, Any]:
    return {
        "uuid": metric,
        "type": kind,
        "metricKey": metric,
        "displayName": metric,
        "runsCountToCompare": 10,
        "scaleType": scale,
        "xAxisScaleType": "linear",
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "lineSmoothness": 0,
        "range": {},
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
