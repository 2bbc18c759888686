"""Which nets each claim compares, in which order, and where its rule draws the line.

Written down a second time, by hand, from the sentences that the claims quote.
"""

from pathlib import Path

import pytest
import yaml
from small_records import BY_ID

PAGE = Path(__file__).parents[2] / "conf" / "study" / "remedies.yaml"

DEPTHS = """
nielsen.accuracy.h1                     1
nielsen.accuracy.h4                     4
nielsen.depth.two_above_one             2 1
nielsen.depth.three_below_two           2 3
nielsen.depth.four_below_two            2 4
nielsen.depth.three_near_one            3 1
nielsen.depth.last_drop_insignificant   3 4
nielsen.depth.adds_little               1 2 3 4
nielsen.initial_speed.h2.slower         2
nielsen.initial_speed.h4.hundredfold    4
nielsen.neuron_bars.larger              2
nielsen.training_speed.h2.drops_and_rebounds  2
nielsen.training_speed.h3.plateau       3
nielsen.training_speed.h4.plateau       4
nielsen.training_speed.h4.hundredfold   4
nielsen.minibatch.much_noisier          2 2
nielsen.capacity.identity_keeps         2
nielsen.capacity.training_misses_it     2 4
nielsen.capacity.identity_error         2
nielsen.capacity.identity_error_bound   2
nielsen.capacity.frozen_is_worse        2 2
nielsen.capacity.frozen_loses_most      2 2
nielsen.capacity.larger_slope_at_start  4 4
nielsen.capacity.larger_slope_classifies.h4  4 4
theory.mean_field.nielsen.h4            4
milman.identity                         2 3 4 2 3 4
milman.falls_at_start                   4
milman.falls_throughout.quadratic       4
milman.explains_slope                   4
remedies.helps.adam                     20 20
remedies.gradient.he                    20 20
remedies.updates_alike.adam             20 20
remedies.depth_hurts_plain              20 5
"""
"""Hidden layers of the nets of a claim: of 30 units, of 100 in the study of remedies."""


@pytest.mark.parametrize("row", DEPTHS.split("\n")[1:-1], ids=lambda row: row.split()[0])
def test_claims_are_about_nets_of_these_depths(row):
    """In the order in which one is taken from, or divided by, the other."""
    id, *depths = row.split()
    width = 100 if id.startswith("remedies") else 30
    assert [cell["hidden"] for cell in BY_ID[id].cells] == [[width] * int(d) for d in depths]


@pytest.mark.parametrize(
    ("id", "key", "values"),
    [
        ("nielsen.minibatch.much_noisier", "batch_size", [10, 1000]),
        ("nielsen.training_speed.h2.much_slower", "batch_size", [1000]),
        ("nielsen.capacity.frozen_is_worse", "model", ["plain", "frozen"]),
        ("nielsen.capacity.frozen_loses_most", "model", ["frozen", "plain"]),
        ("nielsen.capacity.larger_slope_at_start", "model", ["plain", "tanh"]),
        ("nielsen.capacity.larger_slope_classifies.h2", "model", ["plain", "tanh"]),
        ("milman.bound.means", "cost", ["quadratic"] * 3 + ["cross_entropy"] * 3),
        ("milman.explains_slope", "cost", ["cross_entropy"]),
        ("milman.falls_throughout.quadratic", "cost", ["quadratic"]),
        ("glorot.init.mnist.singular_value.order", "model", ["tanh", "tanh_n"]),
        ("glorot.gradients.closer", "model", ["tanh", "tanh_n"]),
        ("glorot.saturation.softsign_less", "model", ["tanh", "softsign"]),
        ("glorot.saturation.sigmoid_escapes", "model", ["sigmoid_4"]),
        ("glorot.saturation.sigmoid_never_escapes", "model", ["sigmoid"]),
        ("glorot.pretraining.error", "model", ["pretrained", "sigmoid"]),
        ("glorot.svm.net_better", "model", ["svm", "tanh_n"]),
        ("glorot.second_order.variance.short_of_normalized", "model", ["tanh_variance", "tanh_n"]),
        ("remedies.gradient.relu_weaker", "model", ["plain", "relu"]),
    ],
)
def test_claims_are_about_these_models(id, key, values):
    """In the order in which one is taken from, or divided by, the other."""
    assert [cell[key] for cell in BY_ID[id].cells] == values


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("nielsen.accuracy.h1", "log odds for one more run, half of which is at most 1, 20 runs"),
        ("nielsen.initial_speed.h4", "T² of the logarithms at 95 %"),
        ("nielsen.curves.h2.last_ratio", "interval of the logarithms for one more run"),
        ("nielsen.initial_speed.h4.slower", "above 0.9 (below 100 seeds: 0.7)"),
        ("nielsen.depth.three_near_one", "within +- 0.42"),  # 96.90 - 96.48
        ("nielsen.depth.adds_little", "below 1.25"),
        ("nielsen.initial_speed.h4.hundredfold", "between 50 and 200"),
        ("nielsen.training_speed.h4.hundredfold", "between 50 and 200"),
        ("nielsen.minibatch.similar_when_averaged", "below 2"),
        ("nielsen.capacity.identity_keeps", "within +- 0.05"),
        ("nielsen.capacity.identity_error", "between 0.9 and 1.1"),
        ("nielsen.capacity.frozen_loses_most", "below 0.5"),
        ("theory.chain.explodes.4", "within 1e-09 "),
        ("theory.chain.slope_reached", "within 1e-12 "),
        ("theory.chain.vanishes.10", "below 0.25"),
        ("theory.chain.steep_needs_four", "within 0.025 "),  # a grid of 0.05
        ("theory.chain.widest", "within 0.005 "),  # 0.45
        ("theory.chain.widest_at", "within 0.05 "),  # 6.9
        ("milman.falls_at_start", "above 1"),
        ("milman.explains_slope", "between 0.9 and 1.1"),
        ("glorot.init.mnist.singular_value.tanh", "within 15 % of the published number"),
        ("glorot.saturation.sigmoid_top_to_zero", "below 0.1"),
        ("glorot.widths.growing.same_gain", "between 0.5 and 2"),
        ("glorot.gradients.standard_apart", "above 1.5"),
        ("remedies.gradient.he", "above 2"),
        ("remedies.updates_alike.adam", "above 2"),
    ],
)
def test_rules_draw_the_line_here(id, line):
    """Half a unit of a printed digit, a factor of 2 for "roughly", 1.5 for "alike"."""
    assert line in BY_ID[id].rule.text


def test_remedies_are_judged_at_the_budget_of_their_page():
    """The updates that claims ask for are those that scale quick trains."""
    steps = yaml.safe_load(PAGE.read_text("utf-8"))["at"]["quick"]["steps"]
    assert BY_ID["remedies.helps.adam"].updates == steps
    assert BY_ID["remedies.updates_alike.adam"].updates == steps
    assert BY_ID["remedies.gradient.he"].updates == 0
