from depthgauge.tracking.metadata import page, parameters
from depthgauge.tracking.sweep import sweep_of


def test_a_sweep_is_named_by_its_blocks(make_record):
    """The key depends on the blocks of replicas alone: not on the order of cells, nor on names."""
    two, three = (make_record(layers).attrs for layers in (2, 3))
    key = sweep_of([two, three]).key
    assert sweep_of([three | {"scale": "smoke"}, two | {"label": "other"}]).key == key
    assert sweep_of([two]).key != key
    assert sweep_of([two, three | {"keys": ["block3", "more seeds"]}]).key != key


def test_parameters_are_flat():
    """Nested settings get dotted names; lists and numbers are written as JSON."""
    config = {"hidden": [30, 30], "init": "he", "gradients": {"every": 1, "spacing": None}}
    assert parameters(config) == {
        "hidden": "[30, 30]",
        "init": "he",
        "gradients.every": "1",
        "gradients.spacing": "null",
    }


def test_a_long_parameter_is_marked_as_cut():
    """A value beyond MLflow's 6,000 characters says that it is cut, and where it is whole."""
    text = parameters({"hidden": [30] * 3000})["hidden"]
    assert len(text) == 6000
    assert text.startswith("[30, 30")
    assert text.endswith("(whole in config.json)")


def test_the_notebook_page():
    """A notebook's entries become one Markdown line each."""
    notebook = {"question": "Why?", "claims": ["a", "b"], "minutes": {"smoke": 1, "quick": 4}}
    assert page(notebook).splitlines() == [
        "- **question**: Why?",
        "- **claims**: a, b",
        "- **minutes**: smoke 1, quick 4",
    ]
