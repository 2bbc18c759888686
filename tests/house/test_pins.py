import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import depthgauge

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]
PINS = dict(line.split("==") for line in LINES)


def test_every_line_pins_one_version_and_names_no_host():
    """constraints.txt is name==version throughout, without builds for one kind of machine."""
    assert [line for line in LINES if not re.fullmatch(r"[\w.-]+==[\w.!]+", line)] == []


def test_every_requirement_is_pinned_within_its_range():
    """What pyproject.toml asks for, extras too, is pinned, to a version that it allows."""
    asked = chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    pins = {canonicalize_name(name): pin for name, pin in PINS.items()}
    for requirement in map(Requirement, asked):
        pin = pins.get(canonicalize_name(requirement.name), "no pin")
        assert pin != "no pin" and requirement.specifier.contains(pin), requirement


def test_one_version_everywhere():
    """Package, installation, citation and changelog agree on version and licence."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == depthgauge.__version__ == version("depthgauge")
    assert citation["license"] == PROJECT["license"]
    released = f"## {depthgauge.__version__} - {citation['date-released']}\n"
    assert released in (ROOT / "CHANGELOG.md").read_text()
