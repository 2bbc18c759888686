"""Nielsen's curves as published numbers: each claim holds, fails and stays open.

The nets of these records follow the published curves, each at its own pace and size; contrary ones
learn at a constant speed, all layers alike.
"""

import numpy as np
import pytest
from nielsen_records import PUBLISHED, training_cell

from depthgauge.claims.curve_rule import published_curve, share
from depthgauge.claims.judgement import UndecidableError, Verdict
from depthgauge.claims.judging import judge
from depthgauge.studies.nielsen.register import NUMBERS, REGISTER, SPEEDS, STEPS

CLAIMS = [
    claim
    for claim in REGISTER.claims
    if claim.id.startswith(("nielsen.curves.", "nielsen.training_speed."))
    and claim.nature == "number"
]

every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)


def nets(depth, seeds=32, flat=False):
    """Speeds of `seeds` nets, (seed, step, hidden layer), for the 501 recorded steps."""
    rng = np.random.default_rng(depth)
    if flat:
        return np.exp(0.05 * rng.standard_normal((seeds, 501, depth)))
    pace = np.exp(0.1 * rng.standard_normal(seeds))
    level = 0.15 * rng.standard_normal((seeds, 1, depth))
    curves = [
        [np.interp(each * np.arange(501), STEPS, np.log(curve)) for curve in SPEEDS[depth]]
        for each in pace
    ]
    return np.exp(np.moveaxis(curves, 1, 2) + level)


def study(**kinds):
    """The full-batch records of the three depths."""
    cells = []
    for depth in SPEEDS:
        speeds = nets(depth, **kinds)
        cell = training_cell(PUBLISHED, depth, 1000, len(speeds))
        cell["bias_gradient_norm"][..., :-1] = speeds
        cells.append(cell)
    return {"nielsen_training_speed": cells}


@pytest.fixture(scope="module")
def like_his():
    return study()


@pytest.fixture(scope="module")
def flat():
    return study(flat=True)


@every_claim
def test_holds_for_nets_that_learn_like_his(like_his, claim):
    """Whole curves, turning points, ratios."""
    (found,) = judge(like_his, [claim])
    assert found["verdict"] == "holds", found["reason"]
    low, high = found["interval"]
    assert low <= found["measured"] <= high and found["n"] == 32


@every_claim
def test_fails_for_nets_that_do_not(flat, claim):
    """Layers that are equally fast at every step refute each number and each curve."""
    if claim.id.endswith("_lowest"):  # at no step is a constant speed the least: it is the first's
        flat = {
            study: [cell.assign(bias_gradient_norm=_rising(cell)) for cell in cells]
            for study, cells in flat.items()
        }
    (found,) = judge(flat, [claim])
    assert found["verdict"] == "fails", found["reason"]


def _rising(cell):
    """Speeds that rise from the first step on: each net's layers are slowest at steps 0 to 3."""
    first = np.abs(np.arange(501) - np.arange(cell.sizes["replica"])[:, None] % 4)
    return cell["bias_gradient_norm"] * 0 + (1.0 + first)[:, :, None]


@every_claim
def test_stays_open_without_records_or_with_a_part_of_the_steps(claim):
    """A run of 300 of the 500 steps, or none, decides nothing."""
    depth = int(claim.id.split(".")[2][1])
    short = [training_cell(PUBLISHED, depth, 1000, 20, steps=300)]
    for records, reason in (({}, "not run"), ({claim.study: short}, "300 of 500")):
        (found,) = judge(records, [claim])
        assert found["verdict"] == "inconclusive"
        assert reason in found["reason"]


@every_claim
def test_a_curve_needs_ten_nets_and_a_number_thirty(claim):
    """Nine say too little about how far a net strays; runs of seconds are not to be saved on."""
    (found,) = judge(study(seeds=9), [claim])
    assert found["verdict"] == "inconclusive"
    whole = claim.rule.name == "published_curve"
    needed = "9 nets: a whole curve needs 10 or more" if whole else "30 runs are needed"
    assert found["reason"].endswith(needed)


def test_the_share_is_that_of_the_steps_inside_the_prediction_interval():
    """Others 1, 2, 3: mean 2, s 1, t(2) = 4.303, so one more lies within 2 +- 4.968."""
    others = np.repeat([[1.0], [2.0], [3.0]], 4, axis=1)
    assert share(np.array([-2.9, 2.0, 6.9, 7.0]), others) == 0.75
    assert share(np.array([-3.0, 7.0, 7.0, 7.0]), others) == 0.0


def test_nets_of_ours_that_stray_lower_what_is_asked_of_the_published_one():
    """Of 41 nets the 5th percentile is the third least share: 28 of 40 steps, where three stray."""
    ours = np.exp(0.1 * np.random.default_rng(0).standard_normal((41, 40)))
    rule, published = published_curve(), tuple(np.where(np.arange(40) < 8, 3.0, 1.0))
    assert rule.decide(ours, published).verdict == Verdict.fails
    ours[:3] = np.where(np.arange(40) < 12, 3.0, 1.0)
    found = rule.decide(ours, published)
    assert found.verdict == Verdict.holds and found.interval[0] == 0.7
    assert "inside at 80% of its steps" in found.reason and found.reason.endswith("is 70%")


def test_nets_that_are_outside_at_every_step_decide_nothing():
    """Two of eleven far from all others at each step: then any curve would pass."""
    ours = np.exp(0.01 * np.random.default_rng(1).standard_normal((11, 6)))
    ours[0], ours[1] = 100.0, 0.01
    with pytest.raises(UndecidableError, match="no curve can fail"):
        published_curve().decide(ours, (1.0,) * 6)


def test_speeds_that_have_no_logarithm_decide_nothing():
    """A speed of 0 says nothing against the published curve."""
    with pytest.raises(UndecidableError, match="not positive"):
        published_curve().decide(np.zeros((10, 3)), (1.0,) * 3)


def test_the_thinned_curves_say_what_the_numbers_say():
    """Every tenth step: lowest within ten steps, ratios within some percent of the full curves'."""
    assert STEPS.tolist() == list(range(0, 500, 10))
    assert [len(layers) for layers in SPEEDS.values()] == [2, 3, 4]
    for id in ("h2.layer1", "h2.layer2"):
        curve = SPEEDS[int(id[1])][int(id[-1]) - 1]
        assert abs(STEPS[curve.argmin()] - NUMBERS[f"{id}_lowest"]) <= 10
    for depth, names in {2: ["least"], 3: ["largest"], 4: ["largest", "least", "typical"]}.items():
        ratios = SPEEDS[depth][-1] / SPEEDS[depth][0]
        found = {
            "least": ratios.min(),
            "largest": ratios.max(),
            "typical": np.exp(np.log(ratios).mean()),
        }
        for name in names:
            assert found[name] == pytest.approx(NUMBERS[f"h{depth}.{name}_ratio"], rel=0.03)
    for depth in SPEEDS:
        last = SPEEDS[depth][-1, -1] / SPEEDS[depth][0, -1]
        assert last == pytest.approx(NUMBERS[f"h{depth}.last_ratio"], rel=0.03)
