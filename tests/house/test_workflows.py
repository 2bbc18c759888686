"""The files for GitHub and pre-commit parse, and name commands that exist here."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def commands(job):
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def test_the_whole_of_ci_is_run_once():
    """By the script that a developer runs, not by a copy of it."""
    assert commands("checks")[-1] == "bash .ci/run" and (ROOT / ".ci" / "run").is_file()


def test_the_tests_run_on_every_python_that_is_supported():
    """From the one that pyproject.toml asks for; the command is a target of the Makefile."""
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    pythons = WORKFLOW["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"] and lowest == f">={pythons[0]}"
    (command,) = commands("pythons")
    target = re.fullmatch(r"make ([\w-]+)", command)[1]
    assert f"\n{target}: environment" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("job", list(WORKFLOW["jobs"]))
def test_a_job_checks_out_sets_up_python_and_ends(job):
    """Each action has a version, each job a limit; `on` is true to YAML 1.1, hence the key."""
    steps = WORKFLOW["jobs"][job]["steps"]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert [each.split("@v")[0] for each in uses] == ["actions/checkout", "actions/setup-python"]
    assert all(each.split("@v")[1].isdecimal() for each in uses)
    assert WORKFLOW["jobs"][job]["timeout-minutes"] <= 90
    assert set(WORKFLOW[True]) == {"push", "pull_request"}


def test_hooks_are_those_of_lint():
    """Local ones, of the pinned ruff: nothing is fetched, nothing else is checked."""
    (hooks,) = (repo["hooks"] for repo in HOOKS if repo["repo"] == "local")
    assert len(HOOKS) == 1 and [hook["id"] for hook in hooks] == ["ruff", "ruff-format"]
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    for hook in hooks:
        program, action = shlex.split(hook["entry"])[:2]
        assert hook["language"] == "system" and f"$(VENV)/ruff {action}" in lint
        assert program == ".venv/bin/ruff"


def test_the_issue_form_asks_for_what_a_report_needs():
    """Every field has its own id and a label; the command it names exists."""
    (path,) = (ROOT / ".github" / "ISSUE_TEMPLATE").iterdir()
    form = yaml.safe_load(path.read_text())
    assert form["name"] and form["description"]
    names = [field["id"] for field in form["body"]]
    assert names == ["command", "expected", "version", "verdict"]
    assert all(field["attributes"]["label"] for field in form["body"])
