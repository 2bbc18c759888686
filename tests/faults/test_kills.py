"""Killed at any moment and repeated, a command ends as if nothing had happened."""

import os
import random
import shutil
import signal

import afterwards
import pytest

TRAIN = (
    "train",
    "study=nielsen_accuracy",
    "scale=smoke",
    "hidden=[5],[4,3]",
    "steps=500",
    "seeds=4",
    "replicas=2",
    "train_size=1000",
    "evaluation.every=100",
    "out=build/nielsen_accuracy",
)
COMMANDS = {
    "fetch": ("fetch", "dataset=toy"),
    "prepare": ("prepare", "dataset=toy"),
    "train": TRAIN,
    "judge": ("judge",),
    "report": ("report",),
}
TOY = ("fetch", "prepare")
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


def ask(zygote, root, stage, fuse=None):
    return zygote.ask(
        root,
        COMMANDS[stage],
        fuse=fuse,
        environment={"DEPTHGAUGE_MIRROR": str(root.parent / "mirror"), "PIP_CERT": ""},
        before=[("toy_sets", "use")] if stage in TOY else [("fuses", "write_often")],
    )


@pytest.fixture(scope="session")
def undisturbed(zygote, blank_project, tmp_path_factory):
    """By stage: how often each point is passed, and a copy of the project when it is done."""
    root = shutil.copytree(blank_project, tmp_path_factory.mktemp("whole") / "project")
    shutil.copytree(blank_project.parent / "mirror", root.parent / "mirror")
    ends, passed = {}, {}
    for stage in COMMANDS:
        done = ask(zygote, root, stage)
        assert done["code"] == 0, done["err"]
        passed[stage] = done["passed"]
        ends[stage] = shutil.copytree(root, tmp_path_factory.mktemp(stage) / "project")
    return passed, ends


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
    assert afterwards.diary(project) == afterwards.diary(ends[stage]), fuse
