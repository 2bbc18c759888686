"""Two judgements of the claims, claim by claim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from depthgauge.comparison.holm import LEVEL, holm
from depthgauge.comparison.verdict_test import Verdict, p_value


@dataclass(frozen=True)
class Change:
    """A claim that is not the same in both; one side is None if it lacks the claim."""

    id: str
    first: Verdict | None
    second: Verdict | None
    p: float | None = None
    """Adjusted for all claims compared; None where there are no two numbers to compare."""
    untested: bool = False
    """Whether the numbers differ and no test is known for rules of their kind."""

    @property
    def beyond_chance(self) -> bool:
        """Whether chance alone rarely moves the number so far."""
        return self.p is not None and self.p < LEVEL

    @property
    def one_sided(self) -> bool:
        """Whether the claim is on one side only."""
        return self.first is None or self.second is None

    @property
    def other_verdict(self) -> bool:
        """Whether the verdict changed."""
        return self._differs("verdict")

    @property
    def other_rule(self) -> bool:
        """Whether the rule changed, so that the numbers are not comparable."""
        return self._differs("rule")

    @property
    def matters(self) -> bool:
        """Whether to report it: anything but a number that moved within chance."""
        sides = self.one_sided or self.other_verdict or self.other_rule
        return self.beyond_chance or sides or self.untested

    def _differs(self, key: str) -> bool:
        if self.first is None or self.second is None:
            return False
        return self.first[key] != self.second[key]


def changes(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Change]:
    """Return the claims that differ, in the order of `first`, those only in `second` last."""
    one, two = ({each["id"]: each for each in side} for side in (first, second))
    pairs = [Change(name, one.get(name), two.get(name)) for name in {**one, **two}]
    found = {
        at: p_value(pair.first or {}, pair.second or {})
        for at, pair in enumerate(pairs)
        if _numbers(pair)
    }
    tested = {at: p for at, p in found.items() if p is not None}
    for at, p in zip(tested, holm(list(tested.values())), strict=True):
        pairs[at] = replace(pairs[at], p=p)
    for at in found.keys() - tested.keys():
        pairs[at] = replace(pairs[at], untested=True)
    return [pair for pair in pairs if pair.matters or _moved(pair)]


def _numbers(pair: Change) -> bool:
    """Whether both sides have a number, with an interval, by the same rule."""
    if pair.first is None or pair.second is None or pair.other_rule:
        return False
    return all(each["measured"] is not None and each["n"] > 1 for each in (pair.first, pair.second))


def _moved(pair: Change) -> bool:
    keys = ("measured", "interval", "n")
    return any((pair.first or {}).get(key) != (pair.second or {}).get(key) for key in keys)
