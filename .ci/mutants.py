"""Spoils the source in small ways, one at a time, and asks whether a test notices.

    python .ci/mutants.py [--count N] [--seed N] [--only WORD] [--jobs N]

Cosmic Ray says what can be spoiled, and how. Lines are drawn at random from those that can be, so
that long files weigh more; then one way to spoil each. .ci/mutants.toml names the tests that prove
each module. They run in forked children of one process that has imported the libraries already,
over a copy of the tree. Ends with exit code 1 where fewer than `LEAST` of the mutants are noticed.
"""

import argparse
import ast
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from importlib import import_module
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "depthgauge"
LEAST = 0.85
PATIENCE = 4.0
"""How many times as long as without a mutant the tests may take."""

LIBRARIES = (
    *("beartype", "hypothesis.extra.numpy", "jaxtyping", "numba", "pytorch_lightning", "torch"),
    *("pytorch_optimizer", "safetensors.numpy", "scipy.stats", "sklearn.svm", "xarray"),
)
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--assert=plain")
LEFT_OUT = ("Shift", "Bit", "_Is", "RemoveDecorator")
"""What Python or Numba refuses by itself, which says nothing about the tests."""


Selection = tuple[tuple[str, ...], bool]
"""Tests, and whether the kernels are interpreted meanwhile."""


@dataclass(frozen=True)
class Mutant:
    """One way to spoil one place of one file, and what should notice."""

    path: str
    line: int
    operator: str
    occurrence: int
    tests: tuple[str, ...]
    interpreted: bool
    """Whether Numba shall leave the kernels to Python: they would compile for minutes."""


def main() -> None:
    """Draw mutants, let the tests run over each, tell the survivors and the share of the killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in (("count", 400), ("seed", 1), ("jobs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", default="", help="of these, files whose path has this word")
    words = parser.parse_args()
    mutants = drawn(words.count, words.seed, words.only)
    for name in LIBRARIES:
        import_module(name)
    with multiprocessing.get_context("fork").Pool(words.jobs, set_up) as pool:
        selections = {(each.tests, each.interpreted) for each in mutants}
        seconds = {}
        for (tests, interpreted), taken in pool.imap_unordered(unspoiled, sorted(selections)):
            if taken is None:
                sys.exit(f"{' '.join(tests)} fail without any mutant: fix them first")
            seconds[tests, interpreted] = PATIENCE * taken + 10
        tasks = [(each, seconds[each.tests, each.interpreted]) for each in mutants]
        fates: Counter[tuple[str, str]] = Counter()
        for mutant, fate, seconds_taken in pool.imap_unordered(fate_of, tasks):
            fates[Path(mutant.path).parent.name, fate] += 1
            print(f"{fate:<9}{seconds_taken:6.1f} s  {description(mutant)}", flush=True)
    sys.exit(summary(fates))


def drawn(count: int, seed: int, only: str) -> list[Mutant]:
    """Return `count` mutants of all there are, each of a line of its own, in an order of chance.

    Of these, `only` leaves those whose path has the word: the same ones, whatever the part.
    """
    ways: dict[tuple[str, int], list[Mutant]] = {}
    for mutant in every_mutant():
        ways.setdefault((mutant.path, mutant.line), []).append(mutant)
    chance = random.Random(seed)
    lines = chance.sample(sorted(ways), min(count, len(ways)))
    mutants = [chance.choice(ways[line]) for line in lines]
    return [each for each in mutants if only in each.path]


@cache
def every_mutant() -> tuple[Mutant, ...]:
    """Return all there are, file by file; the first entry of the table that names a file counts."""
    seen: set[Path] = set()
    found: list[Mutant] = []
    for entry in tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text())["proof"]:
        tests = tuple(f"tests/{each}" for each in entry["by"])
        for path in sorted(path for glob in entry["of"] for path in SOURCES.glob(glob)):
            if path not in seen:
                found += mutants_of(path, tests, entry.get("interpreted", False))
            seen.add(path)
    return tuple(found)


def mutants_of(path: Path, tests: tuple[str, ...], interpreted: bool) -> Iterator[Mutant]:
    """Yield the mutants of one file, but for its annotations, which nothing runs."""
    tree, annotated = get_ast_from_path(path), annotations(path)
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or any(part in name for part in LEFT_OUT):
            continue
        positions = [each for node in ast_nodes(tree) for each in kind().mutation_positions(node)]
        for occurrence, (start, _) in enumerate(positions):
            if not any(first <= start < last for first, last in annotated):
                where = str(path.relative_to(ROOT))
                yield Mutant(where, start[0], name, occurrence, tests, interpreted)


def annotations(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return from where to where each annotation of a file reaches, as (line, column)."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(each, ast.expr):
                end = (each.end_lineno or 0, each.end_col_offset or 0)
                found.append(((each.lineno, each.col_offset), end))
    return found


def set_up() -> None:
    """Make this worker's copy of the tree, and go there."""
    scratch = Path(tempfile.mkdtemp(prefix="mutants-")) / "tree"
    for name in ("src", "tests", "conf", "docs", "results", "pyproject.toml", "dvc.yaml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, scratch / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, scratch)
    os.chdir(scratch)
    multiprocessing.util.Finalize(None, shutil.rmtree, (scratch.parent,), exitpriority=1)


def unspoiled(selection: Selection) -> tuple[Selection, float | None]:
    """Return how many seconds these tests take as things are; None where one fails."""
    started = time.monotonic()
    if tested(*selection, seconds=1200) != 0:
        return selection, None
    return selection, time.monotonic() - started


def fate_of(task: tuple[Mutant, float]) -> tuple[Mutant, str, float]:
    """Return whether a mutant was killed by a test, ran too long or survived; seconds."""
    mutant, seconds = task
    started = time.monotonic()
    with use_mutation(Path(mutant.path), get_operator(mutant.operator)(), mutant.occurrence):
        code = tested(mutant.tests, mutant.interpreted, seconds)
    fate = {0: "survived", None: "too long"}.get(code, "killed")
    return mutant, fate, time.monotonic() - started


def tested(tests: tuple[str, ...], interpreted: bool, seconds: float) -> int | None:
    """Run tests in a child; return pytest's exit code, None when they took too long."""
    child = os.fork()
    if child == 0:
        run(tests, interpreted)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run(tests: tuple[str, ...], interpreted: bool) -> None:
    """The child: nothing of ours is imported yet, so that what is imported is what is spoiled."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(quiet, handle)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(Path("src").absolute()))
    if interpreted:
        os.environ["NUMBA_DISABLE_JIT"] = "1"  # for tests/conftest.py; Numba is loaded already
        import_module("numba").config.DISABLE_JIT = True
    code = 1
    try:
        code = import_module("pytest").main([*PYTEST, *tests])
    finally:
        os._exit(code)


def description(mutant: Mutant) -> str:
    """Return where a mutant is, its line before, and after."""
    before = (ROOT / mutant.path).read_text()
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence)
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[3:]
    changed = " -> ".join(" ".join(line[1:].split()) for line in lines)
    return f"{mutant.path.removeprefix('src/depthgauge/')}:{mutant.line}  {changed}"


def summary(fates: Counter[tuple[str, str]]) -> int:
    """Print what became of the mutants of each package; return the exit code."""
    killed = sum(count for (_, fate), count in fates.items() if fate != "survived")
    for package in sorted({package for package, _ in fates}):
        parts = [f"{fates[package, fate]} {fate}" for fate in ("killed", "too long", "survived")]
        print(f"{package:<10}{', '.join(parts)}")
    share = killed / max(fates.total(), 1)
    print(f"{killed} of {fates.total()} mutants noticed: {share:.1%} (at least {LEAST:.0%})")
    return int(share < LEAST)


if __name__ == "__main__":
    main()
