"""Each verdict appears on looks made to have it, and does not just before its threshold."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from synthetic import SLOPES, STEPS, WEIGHTS, chain, changed, looks

from depthgauge.diagnosis.findings import FAULTS, Cause, Finding, Remedy
from depthgauge.diagnosis.profile import part_totals, total_decades
from depthgauge.diagnosis.readings import Kind, Look, Parts, Site
from depthgauge.diagnosis.verdicts import faults, judge


def found(verdicts):
    return [v.finding for v in verdicts]


def test_a_total_is_the_slope_times_the_depth_without_the_output():
    sites = changed(chain(-0.5), 6, signal=-90.0)
    assert total_decades(sites) == pytest.approx(-3.0)


def test_the_slope_is_that_of_a_regression_with_one_intercept_per_role():
    """Against numpy's least squares on a design matrix with an indicator column per role."""
    rng = np.random.default_rng(0)
    sites, rows, signals = [], [], []
    for depth in range(12, 0, -1):
        role = depth % 3
        signal = -0.3 * depth + 5 * role + rng.normal()
        name = f"blocks.{depth // 3}.{role}"
        sites.append(Site(name, Kind.linear, depth, f"blocks.*.{role}", 8, signal=signal))
        rows.append([depth, *(float(role == k) for k in range(3))])
        signals.append(signal)
    slope = np.linalg.lstsq(np.array(rows), np.array(signals), rcond=None)[0][0]
    assert total_decades(sites) == pytest.approx(12 * slope)


def test_frozen_sites_and_sites_without_a_signal_do_not_count():
    sites = changed(changed(chain(-0.5), 0, signal=50.0, frozen=True), 1, signal=None)
    assert total_decades(sites) == pytest.approx(-0.5 * 4)


@pytest.mark.parametrize(
    ("total", "finding"),
    [
        (0.9, Finding.carries),
        (-0.9, Finding.carries),
        (-1.1, Finding.weak),
        (-1.9, Finding.weak),
        (-2.1, Finding.vanishes),
        (1.1, Finding.grows),
        (2.1, Finding.explodes),
    ],
)
def test_the_total_decides_by_its_thresholds(total, finding):
    (verdict,) = judge(looks(lambda _: chain(total / 6)))
    assert verdict.finding is finding
    assert verdict.value == pytest.approx(total)
    assert verdict.lasting and verdict.since == 0
    assert (verdict.finding in FAULTS) == (abs(total) > 2)


def test_an_interval_that_reaches_into_the_healthy_range_carries():
    """Mean -1.1 of looks at -0.6 and -1.6 in turn: no verdict of weakness."""
    verdicts = judge(looks(lambda k: chain((-1.6, -0.6)[k % 2] / 6)))
    assert found(verdicts) == [Finding.carries]


def test_the_interval_over_batches_is_students():
    totals = -3 + 0.1 * np.random.default_rng(1).normal(size=len(STEPS))
    (verdict,) = judge(looks(lambda k: chain(totals[k] / 6)))
    last = totals[-8:]
    low, high = scipy.stats.t.interval(0.95, 7, last.mean(), scipy.stats.sem(last))
    assert (verdict.interval.low, verdict.interval.high) == pytest.approx((low, high))
    assert (verdict.interval.over, verdict.interval.n) == ("batches", 8)


def test_the_interval_over_seeds_speaks_of_initializations():
    totals = np.array([-2.5, -3.0, -3.5, -2.8])
    runs = [looks(lambda _, t=t: chain(t / 6)) for t in totals]
    (verdict,) = judge([], over_seeds=runs)
    low, high = scipy.stats.t.interval(0.95, 3, totals.mean(), scipy.stats.sem(totals))
    assert (verdict.interval.low, verdict.interval.high) == pytest.approx((low, high))
    assert (verdict.interval.over, verdict.interval.n) == ("initializations", 4)


def test_fewer_than_eight_looks_give_a_value_without_an_interval():
    (verdict,) = judge(looks(lambda _: chain(-0.5), steps=(0, 1, 2)))
    assert verdict.finding is Finding.vanishes and verdict.interval is None


def test_a_zero_initialized_head_is_silent_at_step_0_and_no_verdict_afterwards():
    def sites(k):
        return chain(0.0) if k else tuple(replace(s, signal=-math.inf) for s in chain(0.0))

    assert found(judge(looks(sites))) == [Finding.carries]
    (at_first,) = judge(looks(sites, steps=(0,)))
    assert at_first.finding is Finding.vanishes and not at_first.lasting


def test_what_begins_late_says_since_when():
    (verdict,) = judge(looks(lambda k: chain(0.0 if STEPS[k] < 16 else -3.0)))
    assert verdict.finding is Finding.vanishes and verdict.since == 16 and verdict.lasting


def test_what_was_seen_once_does_not_last():
    verdicts = judge(looks(lambda k: chain(0.0 if k < 8 else -9.0)))
    late = [v for v in verdicts if v.finding in FAULTS]
    assert not faults(verdicts) and all(not v.lasting for v in late)


def test_several_batches_at_one_step_are_one_step():
    (verdict,) = judge(looks(lambda _: chain(-0.5), steps=(0,) * 8))
    assert verdict.interval is not None and not verdict.lasting


@pytest.mark.parametrize(
    ("parts", "activation", "cause"),
    [(SLOPES, "sigmoid", Cause.slopes), (WEIGHTS, "tanh", Cause.weights)],
)
def test_the_largest_part_is_the_cause(parts, activation, cause):
    sites = chain(-0.7, activation=activation, parts=parts)
    (verdict,) = judge(looks(lambda _: sites))
    assert verdict.cause is cause
    value = getattr(parts, cause.name)
    assert part_totals(sites)[cause] == pytest.approx(6 * value)
    assert verdict.remedies and set(verdict.remedies) <= set(Remedy)


def test_the_half_that_relu_costs_by_design_is_the_weights_to_make_up_for():
    """Weights of variance 1 / n: He's initialization would have had twice that."""
    half = 0.5 * math.log10(0.5)
    parts = part_totals(chain(half, 20, "relu", Parts(weights=0.0, slopes=half, alignment=0.0)))
    assert parts[Cause.weights] == pytest.approx(20 * half)
    assert parts[Cause.slopes] == pytest.approx(0.0)


def test_a_signal_cut_off_at_some_depth_vanishes_wholly():
    sites = changed(changed(chain(0.0), 0, signal=-math.inf), 1, signal=-math.inf)
    (verdict,) = judge(looks(lambda _: sites))
    assert verdict.finding is Finding.vanishes and verdict.value == -math.inf


def test_an_expert_without_examples_beside_others_is_no_cut():
    expert = Site("expert", Kind.linear, 6, "expert", 64, signal=-math.inf)
    assert total_decades([expert, *chain(0.1)]) == pytest.approx(0.6)


def test_numbers_that_are_not_finite_name_where_they_began():
    def sites(k):
        broken = chain(0.0)
        for number in (3, 4, 5, 6) if k >= 5 else ():
            broken = changed(broken, number, rms=math.inf)
        return tuple(replace(s, signal=math.nan) for s in broken) if k >= 5 else broken

    (verdict,) = judge(looks(sites, loss=lambda step: math.nan if step >= 16 else 1 / (1 + step)))
    assert verdict.finding is Finding.explodes and verdict.lasting
    assert (verdict.sites, verdict.since) == (("layer3",), 16)


def test_a_loss_that_is_never_finite_is_to_blame_itself():
    """Its outputs are finite and no update was made: neither a layer nor a step size is named."""
    broken = tuple(replace(s, signal=math.nan) for s in chain(0.0))
    (verdict,) = judge(looks(lambda k: broken, loss=lambda step: math.inf))
    assert verdict.finding is Finding.explodes and verdict.lasting
    assert verdict.sites == () and verdict.remedies == ()
    assert "the loss itself" in verdict.sentence and "Try" not in verdict.sentence


def test_a_signal_lost_in_training_is_blamed_on_the_step_one_lost_before_on_the_weights():
    """What was fine at step 0 began with an update; what was not, before any."""

    def sites(k, start):
        silent = k >= start
        return tuple(replace(s, signal=-math.inf if silent else s.signal) for s in chain(0.0))

    (late,) = judge(looks(lambda k: sites(k, 3)))
    (early,) = judge(looks(lambda k: sites(k, 0)))
    assert late.since > 0 and late.remedies[0] == Remedy.smaller_step
    assert early.since == 0 and Remedy.smaller_step not in early.remedies


def test_a_backward_pass_that_breaks_names_the_site_nearest_the_loss():
    broken = chain(0.0)
    for number in range(4):
        broken = changed(broken, number, signal=math.nan)
    (verdict,) = judge(looks(lambda _: broken))
    assert verdict.finding is Finding.explodes and verdict.sites == ("layer3",)


def test_one_skipped_step_of_mixed_precision_is_no_explosion():
    skipped = tuple(replace(s, signal=math.nan) for s in chain(0.0))
    verdicts = judge(looks(lambda k: skipped if k == 4 else chain(0.0)))
    assert found(verdicts) == [Finding.carries]


@pytest.mark.parametrize(
    ("finding", "beyond", "within"),
    [
        (Finding.saturated, {"saturated": 0.51}, {"saturated": 0.5}),
        (Finding.dead, {"dead": 0.51}, {"dead": 0.51, "dead_examples": 999}),
        (Finding.partly_dead, {"dead": 0.3}, {"dead": 0.19}),
        (Finding.alike, {"sameness": 0.9e-3}, {"sameness": 1e-3}),
        (Finding.symmetric, {"symmetry": 0.995}, {"symmetry": 0.99}),
        (Finding.forgets, {"time_signal": (-3.1, -1.0, -1.0)}, {"time_signal": (-2.9, -1, -2.0)}),
        (Finding.step_too_large, {"update_ratio": 0.31}, {"update_ratio": 0.3}),
    ],
)
def test_a_rule_about_one_layer(finding, beyond, within):
    kind = {"kind": Kind.recurrent} if finding is Finding.forgets else {}
    verdicts = judge(looks(lambda _: changed(chain(0.0), 2, **beyond, **kind)))
    verdict = next(v for v in verdicts if v.finding is finding)
    assert verdict.sites == ("layer2",) and verdict.lasting and verdict.since == 0
    assert verdict.sentence and verdict.rule
    assert finding not in found(judge(looks(lambda _: changed(chain(0.0), 2, **within, **kind))))


def test_a_layer_that_recovered_is_no_verdict():
    sick = changed(chain(0.0), 2, saturated=0.9)
    verdicts = judge(looks(lambda k: sick if k < 8 else chain(0.0)))
    assert found(verdicts) == [Finding.carries]


def test_half_of_a_relus_entries_without_a_slope_are_not_saturation():
    verdicts = judge(looks(lambda _: chain(0.0, activation="relu", saturated=0.6)))
    assert found(verdicts) == [Finding.carries]


def test_alike_outputs_of_alike_inputs_are_the_datas():
    same = [replace(k, input_sameness=0.04) for k in looks(lambda _: chain(0.0, sameness=1e-5))]
    assert found(judge(same)) == [Finding.carries]


@pytest.mark.parametrize(
    ("ratio", "finding"),
    [
        (0.9e-6, Finding.step_too_small),
        (0.31, Finding.step_too_large),
        (1e-6, Finding.carries),
        (0.3, Finding.carries),
    ],
)
def test_the_median_step(ratio, finding):
    (verdict,) = judge(looks(lambda _: chain(0.0, update_ratio=ratio)))
    assert verdict.finding is finding


def test_a_loss_that_stands_still_with_nothing_else_is_not_a_matter_of_depth():
    (verdict,) = judge(looks(lambda _: chain(0.0), loss=lambda step: 2.3))
    assert verdict.finding is Finding.not_depth and "softmax" in verdict.sentence
    falls = judge(looks(lambda _: chain(0.0), loss=lambda step: 2.3 - 0.001 * step))
    assert found(falls) == [Finding.carries]
    deep = judge(looks(lambda _: chain(-0.5), loss=lambda step: 2.3))
    assert found(deep) == [Finding.vanishes]
    early = judge(looks(lambda _: chain(0.0), steps=range(9), loss=lambda step: 2.3))
    assert found(early) == [Finding.carries]


@pytest.mark.parametrize(
    ("per_layer", "depth", "word"),
    [(-0.25, Finding.weak, "weak"), (0.25, Finding.grows, "large")],
)
def test_a_loss_that_stands_still_beside_a_changing_signal_may_be_a_matter_of_depth(
    per_layer, depth, word
):
    """Its remedies are those of the verdict on depth, so that a trial can tell."""
    verdicts = judge(looks(lambda _: chain(per_layer), loss=lambda step: 2.3))
    assert found(verdicts) == [Finding.stands_still, depth]
    flat, signal = verdicts
    assert flat.remedies == signal.remedies and flat.lasting and flat.finding in FAULTS
    assert f"Depth may be the reason: the signal is {word}" in flat.sentence
    assert "not a matter of depth" not in flat.sentence and "--try" in flat.sentence
    guessing = [
        replace(k, guessing=1.0, loss=2.3 + 2 / (1 + k.step) ** 2)
        for k in looks(lambda _: chain(per_layer))
    ]
    assert found(judge(guessing)) == [Finding.stands_still, depth]


def test_a_signal_that_carried_at_first_is_not_why_a_loss_never_fell():
    """It became weak during the training, as at a loss that cannot fall."""
    later = looks(lambda n: chain(0.0 if n < 4 else -0.25), loss=lambda step: 2.3)
    flat, weak = judge(later)
    assert (flat.finding, weak.finding) == (Finding.not_depth, Finding.weak)
    assert weak.since == 8 and "only at step 8" in flat.sentence


def test_a_loss_that_stands_still_says_nothing_of_a_depth_that_cannot_be_judged():
    flat, cannot = judge(looks(lambda _: chain(0.0, hidden=1), loss=lambda step: 2.3))
    assert (flat.finding, cannot.finding) == (Finding.stands_still, Finding.cannot_judge)
    assert "cannot be judged" in flat.sentence and "vanishes" not in flat.sentence


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "no look"),
        ([Look(0, 1.0, 1, (), problem="the loss is not a scalar")], "the loss is not a scalar"),
        (looks(lambda _: chain(0.0, hidden=1)), "1 hidden layer"),
        (looks(lambda _: ()), "0 hidden layers"),
    ],
)
def test_what_cannot_be_judged_says_why(given, reason):
    (verdict,) = judge(given)
    assert verdict.finding is Finding.cannot_judge and not verdict.lasting
    assert f"because {'the network has ' * reason[0].isdigit()}{reason}" in verdict.sentence


def test_every_backward_pass_is_judged_by_itself():
    good = [replace(k, profile="optimizer 0") for k in looks(lambda _: chain(0.0))]
    bad = [replace(k, profile="optimizer 1") for k in looks(lambda _: chain(-0.5))]
    verdicts = judge([*good, *bad])
    assert found(verdicts) == [Finding.vanishes, Finding.carries]
    assert "optimizer 1" in verdicts[0].sentence and "optimizer 0" in verdicts[1].sentence


def test_steps_with_one_backward_pass_beside_others_with_several_are_named_so():
    """As in a GAN: the first look ends before the generator's loss has gone through."""
    one = looks(lambda _: chain(0.0))[:1]
    several = [replace(k, profile="optimizer 0, backward 1") for k in looks(lambda _: chain(0.0))]
    sentences = sorted(verdict.sentence for verdict in judge([*one, *several]))
    assert [each.split(": ")[0] for each in sentences] == [
        "optimizer 0, backward 1", "steps with one backward pass"
    ]  # fmt: skip


def test_a_fault_that_came_later_began_between_two_looks():
    later = looks(lambda n: chain(0.0 if n < 5 else -0.5))
    assert "It began between steps 8 and 16, and has lasted since." in judge(later)[0].sentence
    at_once = looks(lambda n: chain(0.0 if n < 2 else -0.5))
    assert "It has lasted since step 2." in judge(at_once)[0].sentence


def test_an_interval_without_width_is_said_in_words():
    (verdict,) = judge(looks(lambda _: chain(0.0, saturated=1.0)))
    assert "100 % (the same in all 8 batches) of the activations" in verdict.sentence


def test_an_interval_of_a_share_or_ratio_does_not_reach_below_0():
    """The t interval of 1e-4 once and of next to nothing seven times does."""
    uneven = looks(lambda n: chain(0.0, sameness=1e-4 if n == 4 else 1e-9))
    (verdict,) = judge(uneven)
    assert verdict.finding is Finding.alike and verdict.interval.low < 0
    assert "(95 % interval 0 to " in verdict.sentence


def test_a_layer_of_dead_units_is_said_to_stop_the_signal():
    """Without it, the reason is not known."""
    silent = tuple(replace(s, signal=-math.inf) for s in chain(activation="relu"))
    given = looks(lambda _: changed(silent, 5, dead=1.0, dead_examples=64))
    (verdict,) = judge(given)
    assert verdict.finding is Finding.vanishes and verdict.cause is Cause.slopes
    assert "They stop at layer5, whose units all have slope 0 (relu)" in verdict.sentence
    assert Remedy.other_activation in verdict.remedies
    (unknown,) = judge(looks(lambda _: silent))
    assert unknown.cause is Cause.unknown and "something stops it" in unknown.sentence


def test_verdicts_print_as_sentences():
    text = str(judge(looks(lambda _: chain(-0.5, parts=WEIGHTS))))
    assert text.startswith("VANISHES: ") and "weights' scale" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 92


def test_the_parts_of_blocks_count_each_block_once():
    """Three blocks four sites apart, each adding 0.1: three edges, the output's among them."""
    blocks = [
        Site(f"blocks.{k}", Kind.block, 12 - 4 * k, "blocks.*", 8, signal=0.0, parts=parts)
        for k, parts in enumerate([Parts(residual=0.1)] * 2 + [None])
    ]
    blocks[2] = replace(blocks[2], depth=1)
    assert part_totals(blocks) == {Cause.residual: pytest.approx(0.3)}


def test_after_the_numbers_broke_only_the_step_that_broke_them_is_named_too():
    broken = chain(math.nan, dead=1.0, saturated=1.0, update_ratio=50.0)
    verdicts = judge(looks(lambda _: broken, loss=lambda _: math.nan))
    assert found(verdicts) == [Finding.explodes, Finding.step_too_large]
