"""`make mutants`: what it spoils, and which tests it asks."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mutants():
    spec = importlib.util.spec_from_file_location("mutants", ROOT / ".ci" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module  # dataclasses look there for the module they are in
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutants"]


def test_every_module_of_the_core_can_be_spoiled_and_has_its_tests(mutants):
    """Theory, probes, claims, nets, training, kernel; each test that is named is there."""
    packages = ("theory", "probes", "claims", "nets", "training", "kernel")
    modules = {
        f"src/depthgauge/{package}/{path.name}"
        for package in packages
        for path in (ROOT / "src" / "depthgauge" / package).glob("*.py")
        if any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text())))
    }
    every = mutants.every_mutant()
    spoiled = {mutant.path for mutant in every}
    assert len(modules - spoiled) <= 8, modules - spoiled  # too short to hold an operator
    assert {Path(path).parent.name for path in spoiled} == set(packages)
    tests = {test for mutant in every for test in mutant.tests}
    for path, _, name in (test.partition("::") for test in tests):
        assert (ROOT / path).exists()
        assert not name or f"def {name}(" in (ROOT / path).read_text()


def test_the_draw_is_the_same_for_a_seed_and_of_lines_of_their_own(mutants):
    """So that two people speak of the same survivors, and a part is a part of the whole."""
    drawn = mutants.drawn(50, 1, "")
    assert mutants.drawn(50, 1, "theory/") == [each for each in drawn if "theory/" in each.path]
    assert len({(each.path, each.line) for each in drawn}) == 50
    assert mutants.drawn(50, 2, "") != drawn


def test_annotations_are_left_alone(mutants, tmp_path, monkeypatch):
    """Nothing runs them: of `x: A | B = 1` only the number can be spoiled."""
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text("x: A | B = 1\n\n\ndef f(y: C | D) -> E | None:\n    return y * 2\n")
    found = list(mutants.mutants_of(path, (), False))
    assert {each.operator.split("_")[0] for each in found if each.line < 5} == {
        "core/NumberReplacer"
    }
    assert any("Mul" in each.operator for each in found if each.line == 5)


@pytest.mark.parametrize(("survived", "code"), [(1, 0), (4, 1)])
def test_the_share_decides(mutants, survived, code, capsys):
    """85 % are the fewest; what ran too long was noticed."""
    from collections import Counter

    fates = Counter({("theory", "killed"): 16 - survived, ("theory", "survived"): survived})
    fates["claims", "too long"] = 1
    assert mutants.summary(fates) == code
    assert f"{17 - survived} of 17 mutants noticed" in capsys.readouterr().out
