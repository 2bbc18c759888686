"""How many published numbers and sentences are decided, of those that runs are long enough for.

A curve counts as one. Claims that need more updates than were run are for another scale.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from depthgauge.claims.judgement import Verdict
from depthgauge.claims.nature import Nature


def reach_statement(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Say how many of the claims whose updates were reached are decided."""
    published = [
        each for each in verdicts if each.get("nature") in (Nature.number, Nature.sentence)
    ]
    reached = [each for each in published if _reached(each)]
    decided = sum(each["verdict"] != Verdict.inconclusive for each in reached)
    share = f" ({decided / len(reached):.1%})" if reached else ""
    return (
        f"Of {len(published)} published numbers and sentences, {len(reached)} need no more updates"
        f" than were run; {decided} of these are decided{share}."
    )


def _reached(verdict: Mapping[str, Any]) -> bool:
    done, needed = verdict["updates"][0], verdict.get("updates_needed", verdict["updates"][1])
    return done is not None and done >= needed
