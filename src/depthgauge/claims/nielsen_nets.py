"""Claims about Nielsen's nets, hidden layers of 30 units, told apart by a key and by depth."""

from collections.abc import Callable, Sequence
from functools import partial

from depthgauge.claims.claim import Claim
from depthgauge.claims.rules import Rule

WIDTH = 30

Nets = Sequence[tuple[str, int]]
"""Value of the key, number of hidden layers."""


def claims_about(
    study: str, key: str, prefix: str, source: str
) -> Callable[[str, str, str, Nets, Rule], partial[Claim]]:
    """Return how to make claims about nets of `study` that have this value of `key` and depth.

    It takes what follows `prefix` in the id, the place in `source`, the statement, the nets and the
    rule; the claim then lacks its estimate and unit, and `updates` where it is about training. The
    study's figure has its name.
    """

    def claim(id: str, where: str, statement: str, nets: Nets, rule: Rule) -> partial[Claim]:
        return partial(
            Claim,
            id=f"{prefix}.{id}",
            source=f"{source}: {where}",
            statement=statement,
            study=study,
            cells=tuple({key: value, "hidden": [WIDTH] * depth} for value, depth in nets),
            rule=rule,
            figure=study,
            updates=0,
        )

    return claim
