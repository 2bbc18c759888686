"""A project that can be killed: a zygote to run commands in, tiny cells, their undisturbed ends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toy_sets
from commands import COMMANDS, ask

from projects import environment, make_project

HERE = Path(__file__).parent


class Zygote:
    """Runs `depthgauge` commands in forked children of one process (zygote.py)."""

    def __init__(self):
        around = environment()
        around["PYTHONPATH"] += os.pathsep + str(HERE)
        around.pop("MLFLOW_TRACKING_URI", None)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=around,
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "ready\n"

    def ask(self, folder, words, **more):
        """Run `depthgauge` with these words in `folder`; return code, out, err, passed."""
        return self.ask_all([{"folder": str(folder), "words": list(words), **more}])[0]

    def ask_all(self, commands):
        """Run commands at the same time; return what became of each."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(commands) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def close(self):
        """End the process."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(30)


@pytest.fixture(scope="session")
def zygote():
    zygote = Zygote()
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def blank_project(tmp_path_factory, tiny_mnist, zygote):
    """A project with a prepared data set, a mirror of the toy and an empty tracking database."""
    root = make_project(tmp_path_factory.mktemp("blank") / "project", tiny_mnist)
    toy_sets.write_mirror(root.parent / "mirror")
    from depthgauge.tracking.store import open_store

    open_store(root)
    return root


@pytest.fixture
def project(blank_project, tmp_path):
    """A copy of the blank project, at its own path."""
    shutil.copytree(blank_project.parent / "mirror", tmp_path / "mirror")
    return Path(shutil.copytree(blank_project, tmp_path / "project"))


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
