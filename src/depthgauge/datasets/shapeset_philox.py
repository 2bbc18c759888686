"""Counter-based random numbers: Philox4x32-10, in 64-bit integer operations.

A number is a function of (key, counter) alone, so it is the same in every batch and on every
device; torch's own generators are neither.
Source: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
"""Added to the two words of the key after each round: the golden ratio and sqrt(3) - 1."""

WORD = 0xFFFFFFFF
"""A 32-bit word, held in an int64."""

Words = tuple[Int64[Tensor, " n"], Int64[Tensor, " n"], Int64[Tensor, " n"], Int64[Tensor, " n"]]
"""Four words, each uniform on 0..2^32 - 1."""


def philox(
    key: Int64[Tensor, "#n"], counter: Int64[Tensor, "#n"], stream: int, attempt: int = 0
) -> Words:
    """Return four random words for each (key, counter); each (stream, attempt) has its own.

    The counter block is (low word and high word of `counter`, stream, attempt).
    """
    key, counter = torch.broadcast_tensors(key, counter)
    k0, k1 = key & WORD, (key >> 32) & WORD
    c0, c1 = counter & WORD, (counter >> 32) & WORD
    c2, c3 = torch.full_like(c0, stream), torch.full_like(c0, attempt)
    for _ in range(ROUNDS):
        low0, high0 = _product(c0, MULTIPLIERS[0])
        low1, high1 = _product(c2, MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + WEYL[0]) & WORD, (k1 + WEYL[1]) & WORD
    return c0, c1, c2, c3


def below(word: Int64[Tensor, "*n"], limit: int | Int64[Tensor, "*n"]) -> Int64[Tensor, "*n"]:
    """Return integers uniform on 0..limit - 1, limit < 2^31, with a bias below limit / 2^32."""
    return (word * limit) >> 32


def fraction(word: Int64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """Return numbers uniform on [0, 1), exactly word / 2^32."""
    return word.to(torch.float64) * 2.0**-32


def _product(word: Tensor, multiplier: int) -> tuple[Tensor, Tensor]:
    """Return the low and the high word of word * multiplier; int64 wraps, its bits stay right."""
    product = word * multiplier
    return product & WORD, (product >> 32) & WORD
