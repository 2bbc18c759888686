import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from depthgauge.datasets.shapeset_philox import below, fraction, philox


def signed(value):
    """The int64 with the bits of an unsigned 64-bit number."""
    return torch.tensor([value - (1 << 64) if value >> 63 else value])


def scalar_philox(key, counter, stream, attempt):
    """Philox4x32-10 in whole numbers of Python, as the paper's equations read."""
    left, right = [counter % 2**32, stream], [counter >> 32, attempt]
    k = [key % 2**32, key >> 32]
    for _ in range(10):
        wide = [0xD2511F53 * left[0], 0xCD9E8D57 * left[1]]
        left, right = (
            [(wide[1] // 2**32) ^ right[0] ^ k[0], (wide[0] // 2**32) ^ right[1] ^ k[1]],
            [wide[1] % 2**32, wide[0] % 2**32],
        )
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return [left[0], right[0], left[1], right[1]]


@pytest.mark.parametrize(
    ("key", "counter", "stream", "attempt", "words"),
    [
        (0, 0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (2**64 - 1, 2**64 - 1, 2**32 - 1, 2**32 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            0x299F31D0A4093822,
            0x85A308D3243F6A88,
            0x13198A2E,
            0x03707344,
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_published_vectors_come_out(key, counter, stream, attempt, words):
    """The known answers of the authors' library Random123 for philox4x32 with 10 rounds."""
    found = philox(signed(key), signed(counter), stream, attempt)
    assert " ".join(f"{word.item():08x}" for word in found) == words


def test_words_agree_with_whole_number_arithmetic():
    """Wrapping int64 products lose no bit, whatever the key and the counter."""
    rng = np.random.default_rng(1)
    keys, counters = (rng.integers(0, 2**63, 50) * 2 + rng.integers(0, 2, 50) for _ in range(2))
    for key, counter in zip(map(int, keys.view("u8")), map(int, counters.view("u8")), strict=True):
        found = philox(signed(key), signed(counter), 3, 17)
        assert [word.item() for word in found] == scalar_philox(key, counter, 3, 17)


def streams(count):
    """Words of neighbouring keys, streams and attempts: (source, count) on [0, 1)."""
    index = torch.arange(count)
    sources = itertools.product((0, 1), (0, 1), (0, 1))
    words = [w for key, s, a in sources for w in philox(torch.tensor([key]), index, s, a)]
    return torch.stack([fraction(word) for word in words]).numpy()


def test_words_are_uniform():
    """Every source fills 64 equal bins evenly, in its high bits and in its low bits."""
    numbers = streams(20_000)
    for bits in (numbers, numbers * 2**16 % 1):
        counts = np.stack([np.histogram(row, 64, (0, 1))[0] for row in bits])
        p = stats.chisquare(counts, axis=1).pvalue
        assert p.min() > 0.05 / len(p) / 10  # Bonferroni, with room: one fixed draw
        assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_words_are_independent():
    """No correlation between the words of a block, streams, attempts, keys, or next counters."""
    numbers = streams(20_000) - 0.5
    shifted = np.concatenate([numbers[:, :-1], numbers[:, 1:]])
    z = np.corrcoef(shifted)[np.triu_indices(len(shifted), 1)] * np.sqrt(numbers.shape[1])
    assert np.abs(z).max() < 5
    assert stats.kstest(z, "norm").pvalue > 1e-3


def test_one_changed_bit_changes_half_the_bits():
    """Avalanche: flipping any bit of key or counter flips each output bit half of the time."""
    counters = torch.arange(500) * 7919
    key = torch.tensor([12345])
    plain = torch.stack(philox(key, counters, 0))
    for bit in (0, 5, 31, 32, 45):
        for flipped in (
            philox(key ^ (1 << bit), counters, 0),
            philox(key, counters ^ (1 << bit), 0),
        ):
            changed = (plain ^ torch.stack(flipped)).numpy().astype("<u4").view("u1")
            assert abs(np.unpackbits(changed).mean() - 0.5) < 5 * 0.5 / np.sqrt(changed.size * 8)


def test_below_is_uniform_and_reaches_both_ends():
    """Whole numbers below a limit, the same limit or one each, are equally likely."""
    word = philox(torch.tensor([0]), torch.arange(17_000), 0)[0]
    found = below(word, 17)
    assert stats.chisquare(np.bincount(found.numpy(), minlength=17)).pvalue > 1e-3
    edges = torch.tensor([0, 2**32 - 1])
    assert below(edges, torch.tensor([85, 85])).tolist() == [0, 84]
    assert fraction(edges).tolist() == [0.0, 1 - 2.0**-32]
