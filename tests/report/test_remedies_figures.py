"""The figures of remedies carry the records' numbers, and theory's beside them."""

import numpy as np
import pytest

from claims.remedies_records import HELPED, USELESS, records
from depthgauge.claims.rates import at_chosen_rate
from depthgauge.errors import DataError
from depthgauge.report.remedied_nets import TITLES, nets_by_depth
from depthgauge.report.remedies_error import error_table, remedies_error
from depthgauge.report.remedies_profiles import deep_nets, predictions, profile


@pytest.fixture(scope="module")
def deep():
    return deep_nets(records(HELPED, seeds=5))


def test_every_model_has_a_row_at_its_chosen_rate(deep):
    """Mean and interval of the mean over the seeds of that rate alone."""
    table = error_table(deep).set_index("model")
    assert list(table.index) == list(TITLES.values())
    chosen = at_chosen_rate(records(HELPED, seeds=5)["remedies"][5])
    row = table.loc[TITLES[chosen.attrs["axes"]["model"]]]
    assert row["rate"] == 0.1
    expected = 100 * (1 - chosen["accuracy_test"].values[:, -1].mean())
    assert row["mean"] == pytest.approx(expected, rel=1e-3)
    assert row["low"] < row["mean"] < row["high"]


def test_profiles_are_seed_bands_of_the_first_and_the_last_record(deep):
    """By layer; a zero has no place on a log axis."""
    net = deep["adam"].copy(deep=True)
    net["weight_gradient_norm"][:, 1, 4] = 0
    table = profile(net, "weight_gradient_norm").set_index(["when", "layer"])
    seeds = net["weight_gradient_norm"].values[:, 0, 2].astype(float)
    expected = np.percentile(seeds, [2.5, 50, 97.5])
    assert table.loc[("start", 3)].tolist() == pytest.approx(expected, rel=1e-3)
    assert ("end", 5) not in table.index and ("end", 4) in table.index


def test_theory_predicts_the_gain_of_an_init_over_the_plain_one(deep):
    """He's init passes 6 times the plain one's variance, ReLU half of it: 3^20 over 20 layers.

    A layer's gradient depends on all the other layers, 20 of 21 here.
    """
    plain = deep["plain"]["weight_gradient_norm"].median("replica").values[0]
    found = predictions(deep)
    he = found["he"].set_index("layer")["predicted"]
    assert he[10] == pytest.approx(plain[9] * 3**10, rel=1e-3)
    assert set(found) >= {"normalized", "he"}


def test_missing_records_are_named():
    """With the command that makes them."""
    with pytest.raises(DataError, match="depthgauge train study=remedies"):
        nets_by_depth({})
    shallow = {"remedies": records(HELPED, seeds=3)["remedies"][:1]}
    with pytest.raises(DataError, match="depth=20"):
        deep_nets(shallow)


def test_signal_and_weight_gradient_stand_side_by_side(figures):
    """Weight gradients are level where δ vanishes; step sizes are seen at the last step alone."""
    titles = [panel["title"] for panel in figures["remedies_gradients"].chart.to_dict()["concat"]]
    assert titles[0::2] == [each.replace("∂C/∂w", "δ") for each in titles[1::2]]
    assert titles[-1] == "∂C/∂w: Step size, last step"
    assert [each for each in titles if "last step" in each] == titles[-2:]


def test_every_name_has_a_dot_of_its_line(figures):
    """The plain net's is grey, as its line is."""
    for name in ("remedies_gradients", "remedies_updates"):
        for panel in figures[name].chart.to_dict()["concat"]:
            styles = [layer["mark"]["style"] for layer in panel["layer"]]
            dots = [each for each in panel["layer"] if "key" in each["mark"]["style"]]
            (grey,) = (each for each in dots if "published_curve" in each["mark"]["style"])
            assert len(dots) == 2 and "published_curve" in styles
            assert "color" not in grey["encoding"]
            assert TITLES["plain"] in grey["transform"][0]["filter"]


@pytest.mark.parametrize(("world", "better"), [(HELPED, True), (USELESS, False)])
def test_rows_say_whether_a_remedy_clearly_helps(world, better):
    """The whole interval lies below the plain net's mean; the plain net is never better."""
    cells = [
        each.assign_attrs(published_steps=None, data={"name": "mnist", "hash": "3f2a91c0"})
        for each in records(world, seeds=5)["remedies"]
    ]
    chart = remedies_error({"remedies": cells}).chart.to_dict()
    rows = [row for table in chart["datasets"].values() for row in table]
    found = {(row["model"] == TITLES["plain"], row["verdict"]) for row in rows}
    word = "clearly better than plain" if better else "not clearly better"
    assert found == {(True, "not clearly better"), (False, word)}
