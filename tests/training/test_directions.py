"""Directions against the libraries' optimizers, one network at a time, with the rate itself."""

import pytest
import torch

from depthgauge.datasets.batches import ORDER_STREAM
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import INIT_STREAM
from depthgauge.training.autoencoders import MASK_STREAM
from depthgauge.training.directions import SIGN_STREAM, Directions, random_signs

SHAPES = [(4, 3), (1, 5)]
TWINS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
}


def gradients(replicas, step, scales=(1.0, 10.0, 0.1)):
    generator = torch.Generator().manual_seed(step)
    drawn = [torch.randn((3, *shape), generator=generator, dtype=torch.float64) for shape in SHAPES]
    factor = torch.tensor(scales, dtype=torch.float64).view(3, 1, 1)
    return [(each * factor)[list(replicas)] for each in drawn]


@pytest.mark.parametrize("name", TWINS)
def test_a_replica_moves_as_with_an_optimizer_of_its_own(name):
    """Ten steps at three rates, gradients of three sizes."""
    rates = torch.tensor([0.1, 0.02, 0.5], dtype=torch.float64).view(3, 1, 1)
    learned = [torch.ones((3, *shape), dtype=torch.float64) for shape in SHAPES]
    directions = Directions(name, learned)
    for step in range(10):
        for each, move in zip(learned, directions.find(gradients(range(3), step)), strict=True):
            each.add_(rates * move)
    for replica, rate in enumerate(rates.flatten().tolist()):
        own = [torch.ones(shape, dtype=torch.float64, requires_grad=True) for shape in SHAPES]
        optimizer = TWINS[name](own, lr=rate)
        for step in range(10):
            for each, gradient in zip(own, gradients([replica], step), strict=True):
                each.grad = gradient[0]
            optimizer.step()
        for each, expected in zip(learned, own, strict=True):
            torch.testing.assert_close(each[replica], expected.detach(), rtol=1e-12, atol=1e-12)


def test_each_network_is_clipped_by_its_own_norm():
    """As torch clips one network; a gradient within the limit is left as it is."""
    like = gradients(range(3), 0)
    moves = Directions("sgd", like).find(like, clip=2.0)
    for replica in range(3):
        own = [torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in SHAPES]
        for each, gradient in zip(own, like, strict=True):
            each.grad = gradient[replica].clone()
        torch.nn.utils.clip_grad_norm_(own, 2.0)
        for move, each in zip(moves, own, strict=True):
            torch.testing.assert_close(move[replica], -each.grad, rtol=1e-6, atol=0)


def test_the_second_order_method_starts_with_a_diagonal_newton_step():
    """-g / |h|: both averages hold one value, and bias correction undoes their decay."""
    slopes, curvatures = gradients(range(3), 0), gradients(range(3), 1)
    moves = Directions("adahessian", slopes).find(slopes, curvatures)
    for move, g, h in zip(moves, slopes, curvatures, strict=True):
        torch.testing.assert_close(move, -g / h.abs(), rtol=1e-9, atol=0)


def test_a_clip_bounds_gradients_whose_square_is_beyond_float32():
    """Entries of 1e25: the step has the length asked for, and its direction."""
    slopes = [torch.full((1, 2, 2), 1e25), torch.full((1, 1, 5), -1e25)]
    w, b = Directions("sgd", slopes).find(slopes, clip=0.6)
    torch.testing.assert_close(w, torch.full((1, 2, 2), -0.2))
    torch.testing.assert_close(b, torch.full((1, 1, 5), 0.2))


def test_signs_are_fair_and_belong_to_seed_and_step():
    """+1 and -1 alone, half each within five standard errors; company does not change them."""
    like = [torch.zeros(2, 50, 40), torch.zeros(2, 1, 50)]
    signs = random_signs([4, 9], 3, like)
    assert {*signs[0].unique().tolist()} == {-1.0, 1.0}
    assert abs(float(signs[0].mean())) < 5 / 4000**0.5
    (alone, _) = random_signs([9], 3, [each[:1] for each in like])
    assert torch.equal(alone[0], signs[0][1])
    assert not torch.equal(random_signs([9], 4, [each[:1] for each in like])[0], alone)
    assert not torch.equal(signs[0][0], signs[0][1])


def test_an_unknown_optimizer_lists_the_known_ones():
    """One sentence, with what there is to choose from."""
    with pytest.raises(ConfigError, match=r"optimizer=nosuch is unknown; choose one of sgd, .+"):
        Directions("nosuch", gradients(range(3), 0))


def test_a_seed_has_a_stream_for_each_thing_that_is_drawn():
    """A net may have them all: its weights, its order of examples, its signs, its noise."""
    assert len({INIT_STREAM, ORDER_STREAM, SIGN_STREAM, MASK_STREAM}) == 4
