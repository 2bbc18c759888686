"""Killed at any moment and repeated, a command ends as if nothing had happened."""

import os
import random
import shutil
import signal

import afterwards
import pytest
from commands import COMMANDS, ask

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOMENTS = [
    ("train", "chunk"),
    ("train", "half"),
    ("train", "whole"),
    ("train", "statement"),
    ("train", "file"),
    ("fetch", "file"),
    ("fetch", "whole"),
    ("prepare", "half"),
    ("judge", "file"),
    ("report", "half"),
]
"""Ten in CI; `make soak` asks for more rounds of them, each with other numbers and signals."""
ROUNDS = int(os.environ.get("DEPTHGAUGE_KILLS", str(len(MOMENTS)))) // len(MOMENTS)


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize(("stage", "point"), MOMENTS)
def test_a_killed_command_ends_as_an_undisturbed_one(
    stage, point, turn, zygote, undisturbed, project
):
    """Repeated: the same bytes, runs and points; nothing twice, nothing lost, nothing stray."""
    draw = random.Random(f"{stage} {point} {turn}")
    passed, ends = undisturbed
    stages = list(COMMANDS)
    if before := stages[: stages.index(stage)]:
        shutil.rmtree(project)
        shutil.copytree(ends[before[-1]], project)
    fuse = {
        "point": point,
        "at": draw.randint(1, passed[stage][point]),
        "number": int(draw.choice(SIGNALS)),
        "delay": draw.uniform(0, 0.01) if point == "chunk" else 0.0,
    }
    struck = ask(zygote, project, stage, fuse)
    codes = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
    assert struck["code"] == codes[fuse["number"]], (fuse, struck)
    assert "Traceback" not in struck["err"], struck["err"]
    again = ask(zygote, project, stage)
    assert again["code"] == 0, (fuse, again)
    assert afterwards.files(project) == afterwards.files(ends[stage]), fuse
    assert afterwards.strays(project) == [], fuse
    assert afterwards.tracked(project) == afterwards.tracked(ends[stage]), fuse
