import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAKE = """
echo "make $1" >> calls
test "$1" != test-all || echo "===== 3 passed in 0.10s ====="
test "$1" != "$FAILING"
"""
DVC = """
grep scale: conf/pipeline.yaml
test "$1" = status && echo "Data and pipelines are up to date."
mkdir -p results && echo x | tee results/claims.json > results/report.html
test "dvc $1" != "$FAILING"
"""


@pytest.fixture
def checkout(tmp_path):
    """A repository with the CI script, and stand-ins for the commands that it calls."""
    project = tmp_path / "project"
    (project / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", project / ".ci")
    (project / "conf").mkdir()
    (project / "conf" / "pipeline.yaml").write_text("scale: quick  # minutes\nresults: results\n")
    commit = ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"]
    for words in (["init", "-q"], ["add", "."], commit):
        subprocess.run(["git", *words], cwd=project, check=True)
    stand_ins = project / ".venv" / "bin"
    stand_ins.mkdir(parents=True)
    for name, script in {
        "make": MAKE,
        "dvc": DVC,
        "depthgauge": "test $1 = claims",
        "chromium": "true",
        "pg_ctlcluster": "true",
        "zsh": "true",
        "fish": "true",
        "slurmctld": "true",
    }.items():
        (stand_ins / name).write_text(f"#!/bin/sh\n{script}\n")
        (stand_ins / name).chmod(0o755)
    return project


def run(checkout, failing=""):
    path = f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", ".ci/run"], cwd=checkout, env=os.environ | {"PATH": path, "FAILING": failing},
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_run_ends_with_the_closing_line_of_the_tests(checkout):
    """Docs, lint, tests, then the pipeline at smoke scale in a clone; what is committed stays."""
    done = run(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "===== 3 passed in 0.10s ====="
    assert (checkout / "calls").read_text() == "make docs\nmake lint\nmake test-all\n"
    assert "scale: smoke\n" in done.stdout
    assert "quick" in (checkout / "conf" / "pipeline.yaml").read_text()
    assert not (checkout / "results").exists()


@pytest.mark.parametrize("failing", ["test-all", "lint", "docs", "dvc repro"])
def test_one_failure_fails_the_run(checkout, failing):
    """Also that of the tests, whose output goes through a pipe."""
    assert run(checkout, failing).returncode != 0
