"""Every figure carries the records' numbers, the published ones, and what it rests on."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from report_records import complete, diverge
from scipy import stats

from depthgauge.report.figure import png, spec, svg
from depthgauge.report.figures import CHAPTERS, FIGURES, draw
from depthgauge.report.outcome import LEAD
from depthgauge.report.theme import MUTED
from depthgauge.studies.registry import CLAIMS

SPEED = "bias_gradient_norm"


@pytest.fixture(scope="module")
def specs(figures):
    return {name: spec(figure) for name, figure in figures.items()}


def tables(figure, *columns):
    """Return the tables in a figure's chart that have all these columns, panel by panel."""
    chart = figure.chart.to_dict()
    found = []
    for panel in chart["concat"]:
        shared = panel.get("data", chart.get("data"))  # altair lifts what all layers share
        names = [layer.get("data", shared)["name"] for layer in panel["layer"]]
        for name in dict.fromkeys(names):
            table = pd.DataFrame(chart["datasets"][name])
            if set(columns) <= set(table.columns):
                found.append(table)
    return found


def layers(figure):
    """Return the layers of a figure's first panel."""
    return figure.chart.to_dict()["concat"][0]["layer"]


def test_there_is_a_figure_for_every_claim():
    """The figure that a verdict names is one that the report draws."""
    assert {claim.figure for claim in CLAIMS} <= set(FIGURES)


def test_figures_are_found_under_their_own_names(figures):
    """Complete records give every figure."""
    assert list(figures) == list(FIGURES)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_training_speed_is_the_full_batch_band_over_seeds(records, figures, depth):
    """Median and central 95 % of seeds of each hidden layer, the output layer left out."""
    (cell,) = (
        each
        for each in records["nielsen_training_speed"]
        if len(each.attrs["config"]["hidden"]) == depth
        and each.attrs["config"]["batch_size"] == 1000
    )
    table, labels = tables(figures[f"nielsen_training_speed_{depth}"], "step", "median")
    assert labels["text"].tolist() == [f"layer {each}" for each in range(1, depth + 1)]
    assert set(table["layer"]) == set(range(1, depth + 1))
    assert set(table["step"]) >= {0, 500} and len(table) <= 250 * depth
    for _, point in table.iloc[:: len(table) // 7].iterrows():
        seeds = cell[SPEED].sel(gradient_step=point["step"], layer=point["layer"]).values
        wanted = np.percentile(seeds.astype(float), [2.5, 50, 97.5])
        assert point[["low", "median", "high"]].tolist() == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(("depth", "first", "least"), [(2, 0.06574, 39), (3, 0.01183, 116)])
def test_nielsens_own_curve_is_drawn_behind_ours(figures, depth, first, least):
    """Grey, every tenth step of each hidden layer, with its name beside the last layer's end."""
    figure = figures[f"nielsen_training_speed_{depth}"]
    curve, label = tables(figure, "speed")[:2]
    assert len(curve) == 50 * depth and set(curve["layer"]) == set(range(1, depth + 1))
    lowest = curve.query("layer == 1").set_index("step")["speed"]
    assert lowest[0] == pytest.approx(first, rel=1e-3)
    assert abs(lowest.idxmin() - least) <= 10
    assert label[["step", "layer", "label"]].to_numpy().tolist() == [[490, depth, "Nielsen's net"]]
    layers = figure.chart.to_dict()["concat"][0]["layer"]
    assert layers[0]["mark"]["style"] == "published_curve"  # behind: drawn first
    picture = svg(figure)
    assert "Nielsen's net" in picture and picture.count(MUTED["light"]) >= depth + 1


def test_names_at_the_ends_of_curves_have_their_colour(figures):
    """Where curves end near each other, names are moved: a dot says which is whose."""
    for name in ("nielsen_training_speed_4", "nielsen_capacity", "glorot_quadratic"):
        layers = figures[name].chart.to_dict()["concat"][0]["layer"]
        dots = [each for each in layers if each["mark"].get("style") == "key"]
        curve = next(each for each in layers if each["mark"].get("style") == "median")
        assert [each["encoding"]["color"] for each in dots] == [curve["encoding"]["color"]]


def test_speeds_during_training_have_one_axis(figures):
    """The nets of 2, 3 and 4 hidden layers are compared: none fills its own frame."""
    domains = {
        json.dumps(layer["encoding"]["y"]["scale"]["domain"])
        for depth in (2, 3, 4)
        for layer in figures[f"nielsen_training_speed_{depth}"].chart.to_dict()["concat"][0][
            "layer"
        ]
        if "domain" in layer["encoding"].get("y", {}).get("scale", {})
    }
    assert len(domains) == 1
    low, high = json.loads(domains.pop())
    assert low < 2e-5 and high > 0.3  # the chapter's own curves of four layers are inside


def test_mean_field_is_drawn_from_the_last_layer_on(records, figures):
    """From the last layer's mean on, each layer is 4.88 times slower than the next."""
    crosses = tables(figures["nielsen_initial_speed"], "predicted")
    for table, cell in zip(crosses, records["nielsen_initial_speed"], strict=True):
        depth = len(cell.attrs["config"]["hidden"])
        last = cell[SPEED].sel(gradient_step=0, layer=depth).values.astype(float)
        wanted = stats.gmean(last) / 4.88 ** (depth - table["layer"])
        assert table["predicted"].tolist() == pytest.approx(wanted.tolist(), rel=5e-3)
        assert table["layer"].tolist() == list(range(1, depth + 1))


def test_initial_speed_shows_every_seed_in_a_bin(records, figures):
    """Each hill counts all seeds of its layer where they are."""
    hills = tables(figures["nielsen_initial_speed"], "share")
    for hill, cell in zip(hills, records["nielsen_initial_speed"], strict=True):
        for layer, bins in hill.groupby("layer"):
            speeds = cell[SPEED].sel(gradient_step=0, layer=layer).values
            assert bins["share"].sum() == pytest.approx(1, abs=0.005)
            ends = np.array([*bins["from"], bins["to"].iloc[-1] * 1.001])
            counts, _ = np.histogram(speeds, ends)
            # Ends are stored with four digits, so a seed at a bin's edge may change sides.
            assert np.abs(counts / len(speeds) - bins["share"]).max() <= 1.01 / len(speeds)


def test_initial_speed_shows_where_one_more_run_would_fall(records, figures):
    """The whisker is the t prediction interval of the logarithms, as the claims are judged."""
    whiskers = tables(figures["nielsen_initial_speed"], "mean")
    for table, cell in zip(whiskers, records["nielsen_initial_speed"], strict=True):
        for _, row in table.iterrows():
            logs = np.log(cell[SPEED].sel(gradient_step=0, layer=row["layer"]).values.astype(float))
            n = len(logs)
            low, high = stats.t.interval(
                0.95, n - 1, logs.mean(), logs.std(ddof=1) * np.sqrt(1 + 1 / n)
            )
            assert (row["low"], row["high"]) == pytest.approx((np.exp(low), np.exp(high)), rel=1e-3)


def test_published_values_are_marked(figures):
    """The chapter's own numbers: nine norms and four accuracies."""
    norms = pd.concat(tables(figures["nielsen_initial_speed"], "published"))
    assert norms["published"].tolist() == [
        *(0.0657, 0.3092),
        *(0.0118, 0.0600, 0.2831),
        *(0.00298, 0.0171, 0.0695, 0.2851),
    ]
    accuracies = pd.concat(tables(figures["nielsen_accuracy"], "published"))
    assert accuracies["published"].tolist() == [96.48, 96.90, 96.57, 96.53]
    assert (accuracies["epoch"] == 30).all()


def test_accuracy_is_in_percent_over_epochs(records, figures):
    """Steps become epochs of 5,000 mini-batches, fractions become percent."""
    cells = records["nielsen_accuracy"]
    curves = tables(figures["nielsen_accuracy"], "epoch", "median")
    for curve, cell in zip(curves, cells, strict=True):
        assert curve["epoch"].tolist() == (cell["evaluation_step"] / 5000).values.tolist()
        ours = 100 * np.median(cell["accuracy_validation"].values[:, -1])
        assert curve["median"].iloc[-1] == pytest.approx(ours, abs=0.01)


def test_neuron_bars_are_as_long_as_the_gradient(records, figures):
    """Six neurons of each of two layers, of the first seed; lengths are in proportion."""
    (cell,) = records["nielsen_neuron_bars"]
    (bars,) = tables(figures["nielsen_neuron_bars"], "neuron", "speed")
    gradient = np.abs(cell["bias_gradient"].values[0, 0, :2, :6]).ravel()
    assert bars["speed"].tolist() == pytest.approx(gradient, rel=1e-3)
    length = bars["to"] - bars["from"]
    assert (length / length.max()).tolist() == pytest.approx(gradient / gradient.max(), abs=2e-3)
    assert "Seed 0, the first" in figures["nielsen_neuron_bars"].caption


def test_no_line_shines_through_a_neuron(figures):
    """The lines between neurons are drawn first; each circle is filled with the page's colour."""
    circles = re.findall(r"<path[^>]*,0A10\.[^>]*>", svg(figures["nielsen_neuron_bars"]))
    assert len(circles) == 12 and all('fill="#ffffff"' in circle for circle in circles)


def test_minibatch_shows_three_estimators_beside_the_full_batch(records, figures):
    """Own gradient, all images, window (from its first full one on), and the dashed reference."""
    mini = next(
        each
        for each in records["nielsen_training_speed"]
        if each.attrs["config"]["hidden"] == [30, 30] and each.attrs["config"]["batch_size"] == 10
    )
    bands = tables(figures["nielsen_minibatch_speed"], "step", "median")
    # Each estimator's panel holds its own band, labels and the full batch's.
    full, _, own, _, reference, everything, _, _, window, _, _ = bands
    pd.testing.assert_frame_equal(full, reference)
    for table, variable in (
        (own, "batch_bias_gradient_norm"),
        (everything, SPEED),
        (window, "window_bias_gradient_norm"),
    ):
        step = int(table["step"].iloc[-1])
        wanted = np.median(mini[variable].sel(gradient_step=step, layer=1).values.astype(float))
        last = table.query("step == @step and layer == 1")["median"].item()
        assert last == pytest.approx(wanted, rel=1e-3)
    assert 49 <= window["step"].min() <= 51


def test_diverged_replicas_are_left_out_and_counted(records):
    """Wild numbers of a diverged seed move no curve; the basis says that one is missing."""
    *others, deepest = records["nielsen_accuracy"]
    found = draw({"nielsen_accuracy": [*others, diverge(deepest, 3)]})[0]["nielsen_accuracy"]
    assert "1 diverged run left out" in found.basis
    assert "11 seeds (0–2, 4–11)" in found.basis
    (*_, curve) = tables(found, "epoch", "median")
    kept = np.delete(deepest["accuracy_validation"].values[:, -1], 3)
    assert curve["high"].iloc[-1] == pytest.approx(100 * np.quantile(kept, 0.975), abs=0.01)


def test_every_figure_says_what_it_rests_on(figures):
    """Seeds, scale, updates used and published, data set and its hash, apart from the caption."""
    for name, figure in figures.items():
        assert "12 seeds (0–11)" in figure.basis, name
        assert "Scale quick" in figure.basis and "Scale quick" not in figure.caption
        data = next(each.dataset for each in CLAIMS if each.figure == name)
        sets = re.search(r"Data sets? (.*)\.$", figure.basis)
        if figure.study in ("nielsen_chain", "glorot_cost_surface"):
            assert sets is None and figure.basis.endswith("No data set is used.")
        else:
            assert sets and f"{data} (3f2a91c0)" in sets[1].split(", ")
        assert ("published updates" in figure.basis) <= (figure.study != "remedies")
    assert "150,000 of 150,000 published updates" in figures["nielsen_accuracy"].basis
    assert "central 95 % of seeds" in figures["nielsen_training_speed_4"].caption
    assert "95 % prediction interval" in figures["nielsen_initial_speed"].caption


def test_every_figure_has_its_place_and_its_finding(figures):
    """Once in a chapter; the finding is a sentence with a number, the title is without one."""
    assert sum(len(chapter) for chapter in CHAPTERS.values()) == len(FIGURES)
    assert set(LEAD) <= set(FIGURES)
    for name, figure in figures.items():
        assert re.search(r"\d", figure.finding) and figure.finding.endswith("."), name
        assert "nan" not in figure.finding and "e+" not in figure.finding
        assert figure.alternative == f"{figure.title}. {figure.finding}"


def test_findings_are_those_of_the_records(records, figures):
    """Numbers of four findings, computed again with numpy alone."""
    deepest = next(
        each
        for each in records["nielsen_initial_speed"]
        if each.attrs["config"]["hidden"] == [30] * 4
    )
    speeds = deepest[SPEED].sel(gradient_step=0).values.astype(float)
    ratio = stats.gmean(speeds[:, 3] / speeds[:, 0])
    found = figures["nielsen_initial_speed"]
    assert f"layer 4 starts {ratio:.3g} times as fast" in found.finding
    means = {
        len(each.attrs["config"]["hidden"]): 100 * each["accuracy_validation"].values[:, -1].mean()
        for each in records["nielsen_accuracy"]
    }
    best = max(means, key=means.__getitem__)
    text = f"highest with {best} hidden layers: {means[best]:.2f} %"
    assert text in figures["nielsen_accuracy"].finding
    (bars,) = records["nielsen_neuron_bars"]
    gradient = np.abs(bars["bias_gradient"].values[:, 0, :2, :6])
    pairs = (gradient[:, 1, :, None] > gradient[:, 0, None, :]).sum(axis=(1, 2)).mean()
    assert f"In {pairs:.3g} of the 36 pairs" in figures["nielsen_neuron_bars"].finding
    (four,) = (
        each for each in records["nielsen_chain"] if each.attrs["config"]["hidden"] == [1] * 3
    )
    below = (np.abs(four["chain_factor"].values[:, 1:]) < 0.25).mean()
    assert figures["nielsen_chain"].finding.startswith(f"{100 * below:.0f} % of random neurons")


def test_a_picture_carries_its_finding(figures):
    """Taken out of the page, as on a slide, it still says what it shows."""
    figure = figures["nielsen_initial_speed"]
    drawn = "".join(ElementTree.fromstring(svg(figure)).itertext())
    assert figure.finding.split(" (")[0] in re.sub(r"\s+", " ", drawn)


@pytest.mark.parametrize("name", ["glorot_init_variances", "glorot_error_table", "glorot_widths"])
def test_no_model_goes_by_an_initial(specs, name):
    """ "Tanh N" of Table 1 is the normalized tanh; nothing has to be looked up in a caption."""
    text = json.dumps(specs[name], ensure_ascii=False)
    assert not re.search(r"\b(Tanh|Softsign) N\b", text)
    assert "ormalized" in text


def test_missing_records_leave_figures_out_and_are_named():
    """Nothing crashes without records: each missing figure names its study and what to run."""
    drawn, missing = draw({})
    assert drawn == {}
    assert list(missing) == list(FIGURES)
    for name, reason in missing.items():
        study = next(claim.study for claim in CLAIMS if claim.figure == name)
        assert f"`depthgauge train study={study}`" in reason


def test_one_missing_cell_costs_only_its_own_figure(records, figures):
    """Without the net of three hidden layers the others are drawn, and the reason names it."""
    speed = [
        each
        for each in records["nielsen_training_speed"]
        if len(each.attrs["config"]["hidden"]) != 3
    ]
    both = {"nielsen_training_speed": speed, "nielsen_accuracy": records["nielsen_accuracy"]}
    drawn, missing = draw(both)
    assert "with depth=3, batch=full" in missing["nielsen_training_speed_3"]
    theirs = {name for name, figure in figures.items() if figure.study in both}
    assert theirs - drawn.keys() == {"nielsen_training_speed_3"}


def test_a_record_without_the_variable_is_missing_too(records):
    """A record trained with other keys does not crash the report."""
    bare = [each.drop_vars("bias_gradient") for each in records["nielsen_neuron_bars"]]
    missing = draw({"nielsen_neuron_bars": bare})[1]
    assert "holds no bias_gradient" in missing["nielsen_neuron_bars"]


def test_a_study_of_which_all_replicas_diverged_is_missing(records):
    """There is nothing to draw, and no empty axes are."""
    lost = [diverge(each, *range(12)) for each in records["nielsen_accuracy"]]
    assert "nielsen_accuracy" not in draw({"nielsen_accuracy": lost})[0]


def test_a_layer_has_one_colour_everywhere(specs):
    """Colours are the theme's: no chart names one, and all map layers in the same order."""
    domains = set()
    for each in specs.values():
        text = json.dumps(each)
        assert not re.search(r"#[0-9a-fA-F]{6}", text)
        domains |= set(
            re.findall(
                r'"field": "layer", "legend": [^}]*?(?:}, )?"scale": {("domain"[^}]*)}', text
            )
        )
    assert domains == {'"domain": [1, 2, 3, 4, 5]'}


def test_pictures_are_whole_and_still(figures):
    """SVG parses, has nothing that answers a pointer, and is the same every time."""
    records = complete()
    again = draw(
        {study: records[study] for study in ("nielsen_accuracy", "nielsen_training_speed")}
    )[0]
    for name in ("nielsen_accuracy", "nielsen_training_speed_4"):
        picture = svg(figures[name])
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        ids = [each.get("id") for each in root.iter() if each.get("id")]
        used = re.findall(r"url\(#(\w+)\)", picture)
        assert len(ids) == len(set(ids)) and set(used) <= set(ids)
        assert svg(again[name]) == picture
    rows = sum(len(table) for table in tables(figures[name], "step", "median"))
    assert picture.count("<path") < rows  # a path a point would be what the pointer finds


def test_pictures_for_the_tracking_server_are_png(figures):
    """Two pixels a unit, with the whole chart in it."""
    picture = png(figures["nielsen_training_speed_2"])
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
    assert width > 1200 and height > 600


def test_charts_stay_light(specs):
    """A curve has at most 250 points of four digits: each figure is below 300 kB."""
    for each in specs.values():
        assert len(json.dumps(each)) < 300_000
