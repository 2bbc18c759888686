"""Rules about curves, held against the curves of Glorot and Bengio's own figures.

Readings off the figures of the paper (AISTATS 2010), to about half a pixel. A rule that its source
fails would refute whoever reproduces it.
"""

import numpy as np
from small_records import BY_ID, small

from depthgauge.studies.glorot.sigmoid_saturation import EPOCH

FIG_2 = {
    2.5: 0.1075,
    5.5: 0.0537,
    10.5: 0.0358,
    20.5: 0.0244,
    30.5: 0.0195,
    40.5: 0.0163,
    51.5: 0.0147,
    60.4: 0.0147,
    70.4: 0.0147,
    80.4: 0.0163,
    90.4: 0.0212,
    95.5: 0.0244,
    97.5: 0.0293,
    98.4: 0.0309,
    101.5: 0.0407,
    110.4: 0.0554,
    120.4: 0.0554,
    130.4: 0.07,
    138.4: 0.0684,
}
"""Epoch: mean activation of the top layer of the sigmoid net of depth four."""
FIG_9_EPOCHS = [1, 2, 5, 10, 20, 40, 60, 80, 94]
FIG_9 = {
    "standard": [
        [0.0146, 0.0184, 0.0197, 0.0267, 0.0299, 0.0323, 0.0383, 0.0388, 0.0345],
        [0.0068, 0.0087, 0.01, 0.0143, 0.0177, 0.0235, 0.0289, 0.0301, 0.0277],
        [0.0056, 0.007, 0.0075, 0.0102, 0.0114, 0.0136, 0.0155, 0.0165, 0.0155],
    ],
    "normalized": [
        [0.0164, 0.0232, 0.0303, 0.0298, 0.0289, 0.0381, 0.0358, 0.0406, 0.0388],
        [0.0175, 0.0243, 0.0327, 0.0329, 0.0301, 0.0386, 0.0349, 0.0373, 0.0358],
        [0.0208, 0.0263, 0.0289, 0.0279, 0.0254, 0.029, 0.0263, 0.0261, 0.0257],
    ],
}
"""Spread of dC/dw of tanh nets; layer 4 cannot be read, its colour is the axes'."""
FIG_3_TANH = [4, 16, 32, 60, 92]
"""Epoch at which the 98th percentile of |a| passes 0.95, layers 1..5."""
FIG_3_SOFTSIGN = 0.94
"""The highest 98th percentile of a softsign layer at the last epoch, 92."""


def judged(id, cell):
    """What the claim's rule says of two runs like the published one, and their number."""
    claim = BY_ID[f"glorot.{id}"]
    values = claim.estimate([cell])
    return claim.rule.decide(np.repeat(values, 20), claim.published).verdict, values[0]


def top_layer(values, epochs=None):
    """A record whose top hidden layer has these means at these epochs of 20,000 updates."""
    epochs = [*FIG_2] if epochs is None else epochs
    means = np.full((1, len(values), 5), 0.5)
    means[0, :, 3] = values
    steps = {"activation_step": np.round(EPOCH * np.array(epochs)).astype(int)}
    return small("activation_step", "layer", seeds=1, coords=steps, activation_mean=means)


def test_the_sigmoid_net_of_depth_four_escapes():
    """At epoch 98 the mean is over twice its least value; it never reaches 0.1 again."""
    assert max([*FIG_2.values()][1:]) < 0.1
    verdict, share = judged("saturation.sigmoid_escapes", top_layer([*FIG_2.values()]))
    assert (verdict, share) == ("holds", 1)


def test_a_net_that_escapes_is_not_one_that_never_does():
    """The curve of depth four, up to its least value and as a whole."""
    assert judged("saturation.sigmoid_never_escapes", top_layer([*FIG_2.values()]))[0] == "fails"
    early = [epoch for epoch in FIG_2 if epoch < 60]
    still = top_layer([FIG_2[epoch] for epoch in early], early)
    assert judged("saturation.sigmoid_never_escapes", still)[0] == "holds"


def weight_gradients(init):
    """A record of Fig. 9: the layers that can be read, and beside them what no rule looks at."""
    layers = np.array(FIG_9[init]).T
    steps = {"signal_step": EPOCH * np.array(FIG_9_EPOCHS)}
    spreads = np.column_stack([layers[:, 0], layers, layers[:, 0], layers[:, 0]])[None]
    spreads[..., 4] = layers[:, 2]
    return small("signal_step", "layer", seeds=1, coords=steps, weight_gradient_std=spreads)


def test_weight_gradients_are_together_with_the_normalized_init_alone():
    """Fig. 9: alike at half of the epochs, above 1.5 in some; with the standard init never."""
    normalized, standard = (weight_gradients(each) for each in ("normalized", "standard"))
    ratios = [max(at) / min(at) for at in zip(*FIG_9["normalized"], strict=True)]
    assert max(ratios) > 1.5
    assert judged("gradients.normalized_together", normalized)[0] == "holds"
    assert judged("gradients.normalized_together", standard)[0] == "fails"
    assert judged("gradients.standard_apart", standard)[0] == "holds"
    assert BY_ID["glorot.gradients.closer"].estimate([standard, normalized])[0] > 0


def percentiles(times, end, last):
    """A record whose layers pass 0.95 at these epochs, and are at `end` where they do not."""
    epochs = np.arange(last + 1)
    values = np.where(epochs[:, None] >= np.array([*times, np.inf]), 0.97, end)[None]
    steps = {"activation_step": EPOCH * epochs}
    return small("activation_step", "layer", seeds=1, coords=steps, modulus_percentile_98=values)


def test_tanh_layers_saturate_in_order_and_softsign_layers_do_not():
    """Fig. 3: tanh's pass 0.95 one after the other, none of softsign's does."""
    tanh = percentiles(FIG_3_TANH, 0.9, 92)
    softsign = percentiles([np.inf] * 5, FIG_3_SOFTSIGN, 92)
    assert judged("saturation.tanh_in_order", tanh)[0] == "holds"
    assert judged("saturation.tanh_in_order", softsign)[0] == "fails"
    assert judged("saturation.softsign_together", softsign)[0] == "holds"
    assert judged("saturation.softsign_together", tanh)[0] == "fails"
    assert BY_ID["glorot.saturation.softsign_less"].estimate([tanh, softsign])[0] > 0
