"""Every claim about signals at init and saturation is seen to hold, to fail and to stay open."""

import numpy as np
import pytest
from glorot_signal_records import records, saturation_cell

from depthgauge.claims.judging import judge
from depthgauge.claims.stored import needed
from depthgauge.studies.registry import CLAIMS

STUDIES = ("glorot_init", "glorot_saturation")
READINGS = (
    *("init.epoch_0.", "init.peaks.", "init.theory.", "early_error.", "saturation.sigmoid_slow"),
    *("output_speed.constant_part", "output_speed.bias_over_weight", "output_speed.without_bias"),
    *("gradients.larger_below.", "gradients.delta_reversed"),
)
"""Claims that test_glorot_readings.py is about."""
CLAIMED = [
    claim
    for claim in CLAIMS
    if claim.study in STUDIES and not claim.id.removeprefix("glorot.").startswith(READINGS)
]
every_claim = pytest.mark.parametrize("claim", CLAIMED, ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def true_world():
    return records(True)


@pytest.fixture(scope="module")
def false_world():
    return records(False)


@pytest.fixture(scope="module")
def short_training():
    return records(True, steps=1000)


def claim_of(id):
    return next(each for each in CLAIMED if each.id == id)


def verdict(found, claim):
    return judge(found, [claim])[0]


def test_every_row_of_the_paper_has_its_claims():
    """Figs. 6-8 and 4.2.2 on three data sets; Figs. 2, 3, 4, 9, 10 and the text of 3.1."""
    kinds = {claim.id.split(".")[1] for claim in CLAIMED}
    assert kinds == {"init", "saturation", "output_speed", "gradients"}
    assert len([claim for claim in CLAIMED if ".init." in claim.id]) == 3 * 9


@every_claim
def test_holds_where_the_paper_is_true(true_world, claim):
    """Nets as the paper describes them bear the claim out."""
    found = verdict(true_world, claim)
    assert found["verdict"] == "holds", found["reason"]
    assert found["n"] == 12


@every_claim
def test_fails_where_the_paper_is_wrong(false_world, claim):
    """Nets that do the opposite refute it."""
    found = verdict(false_world, claim)
    assert found["verdict"] == "fails", found


@every_claim
def test_stays_open_without_records_or_numbers(true_world, claim):
    """A study that was not run, and numbers that are not finite, decide nothing."""
    assert verdict({}, claim)["reason"].startswith("not run")
    blank = {
        claim.study: [
            cell.assign(cell.drop_vars("diverged_at") * np.nan)
            for cell in true_world[claim.study]
            if any(cell.attrs["axes"]["model"] == each["model"] for each in claim.cells)
        ]
    }
    found = verdict(blank, claim)
    assert found["verdict"] == "inconclusive"
    assert "finite" in found["reason"]


@every_claim
def test_a_short_training_decides_only_what_happens_early(short_training, claim):
    """After 1,000 of 2,500,000 updates claims about the end stay open, the early ones do not."""
    found = verdict(short_training, claim)
    early = needed(claim) <= 1000
    assert found["verdict"] == ("holds" if early else "inconclusive"), found["reason"]
    if not early:
        assert "1000 of 2500000 updates" in found["reason"]


def test_an_unfetched_data_set_leaves_its_claims_open(true_world):
    """Without Shapeset the claims about it say so; those about MNIST are decided."""
    cells = [each for each in true_world["glorot_init"] if "mnist" in each.attrs["label"]]
    for claim in CLAIMED:
        if claim.study == "glorot_init" and claim.dataset != "mnist":
            assert verdict({"glorot_init": cells}, claim)["reason"].startswith("not fetched")


@pytest.mark.parametrize(
    ("top", "escapes", "never"),
    [
        ([0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.3, 0.3], 1, 0),  # saturates, leaves at epoch 100
        ([0.5, 0.5, 0.5, 0.05, 0.03, 0.02, 0.05, 0.07], 1, 0),  # leaves, as in Fig. 2, below 0.1
        ([0.5, 0.5, 0.5, 0.05, 0.03, 0.02, 0.035, 0.035], 0, 1),  # rises, but not to twice
        ([0.5, 0.5, 0.5, 0.05, 0.05, 0.3, 0.3, 0.3], 0, 0),  # leaves at epoch 10
        ([0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.05], 0, 1),  # never leaves
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 0, 0),  # never saturates
    ],
)
def test_leaving_saturation_follows_its_definition(top, escapes, never):
    """Below 0.1, later above twice the least value, at epochs 50 to 200 of 20,000 updates."""
    for id, model, expected in (
        ("sigmoid_escapes", "sigmoid_4", escapes),
        ("sigmoid_never_escapes", "sigmoid", never),
    ):
        cell = saturation_cell(model, True, 4, 2_500_000)
        cell["activation_mean"][:, :, -2] = np.array(top)
        found = verdict({"glorot_saturation": [cell]}, claim_of(f"glorot.saturation.{id}"))
        assert found["measured"] == expected


@pytest.mark.parametrize(
    ("never", "expected"), [((), 1), ((5,), 1), ((3, 4, 5), 1), ((1,), 0), ((3,), 0)]
)
def test_saturating_in_order_allows_only_the_last_layers_to_stay_out(never, expected):
    """Layers that never saturate come after those that do, and layer 1 must saturate."""
    cell = saturation_cell("tanh", True, 4, 2_500_000)
    steps = np.arange(cell.sizes["activation_step"])
    for layer in range(1, 6):
        high = (steps >= layer + 1) & (layer not in never)
        cell["modulus_percentile_98"][:, :, layer - 1] = np.where(high, 0.99, 0.3)
    found = verdict({"glorot_saturation": [cell]}, claim_of("glorot.saturation.tanh_in_order"))
    assert found["measured"] == expected
