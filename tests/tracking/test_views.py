"""The saved views of an experiment, as MLflow's page reads them."""

import json

import pytest

from depthgauge.tracking.import_records import track
from depthgauge.tracking.sweep import sweep_of

VIEW, NOTE = "mlflow.sharedViewState.", "mlflow.note.content"


@pytest.fixture
def records(make_record):
    return [make_record(layers, params={"depth": layers - 1, "init": "he"}) for layers in (2, 3)]


def tags_after(store, records):
    """Track the records and return the tags of their experiment."""
    runs = track(store, sweep_of([record.attrs for record in records]), records, {})
    return store.client.get_experiment(runs.experiment).tags


def state(tags, name):
    return json.loads(json.loads(tags[VIEW + name])["state"])


def test_the_table_shows_results_and_what_varies(store, records):
    """The best cell first, sorted so that cells are shown though their sweep is collapsed."""
    table = state(tags_after(store, records), "table")
    assert (table["orderByKey"], table["orderByAsc"]) == ("metrics.`accuracy`", False)
    assert {"metrics.`accuracy`", "params.`depth`"} <= set(table["selectedColumns"])
    assert "params.`init`" not in table["selectedColumns"]


def test_each_chart_shows_a_metric_that_there_is(store, records):
    """In a section of the page; gradients on a logarithmic axis."""
    view = state(tags_after(store, records), "charts")
    runs = store.client.search_runs(["1"])
    names = {name for run in runs for name in run.data.metrics}
    charts = {chart["metricKey"]: chart for chart in view["compareRunCharts"]}
    assert {"accuracy", "depth_final/bias_gradient", "bias_gradient/layer_3"} <= set(charts)
    assert set(charts) <= names
    sections = {section["uuid"] for section in view["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in charts.values()} <= sections
    assert charts["depth_final/bias_gradient"]["scaleType"] == "log"


def test_the_description_links_to_them_once(store, records):
    """Below the study's question; what a user writes there instead stays."""
    tags = tags_after(store, records)
    assert tags[NOTE].startswith("How fast does each layer learn? [Table](#/experiments/1/runs?")
    assert "viewStateShareKey=charts" in tags[NOTE]
    assert tags_after(store, records)[NOTE] == tags[NOTE]
    store.client.set_experiment_tag("1", NOTE, "mine")
    assert tags_after(store, records)[NOTE] == "mine"
