"""Keys of records: hashes of what was computed, from which data, by which code."""

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from depthgauge.config import Experiment, plain
from depthgauge.training.procedures import PROCEDURES
from depthgauge.user_code.lookup import is_path
from depthgauge.user_code.sources import installed_version, module_file, sources

ROOT = Path(__file__).parents[1]
"""The package's own folder."""


def cell_key(experiment: Experiment, data_hash: str, device: str) -> str:
    """Return the key of a cell, whatever its replicas: 32 hex digits.

    Threads, launcher and paths are not part of it; the code, torch's and Numba's versions and the
    kind of device are, because each may change a result's last digits. (Compiled loops are for the
    CPU alone: elsewhere Numba's version is None, as where it is not installed.)
    """
    return _digest(
        {
            "experiment": plain(experiment),
            "data": data_hash,
            "code": code_digest(experiment.procedure),
            "user_code": user_code(experiment),
            "torch": installed("torch"),
            "numba": installed("numba") if device == "cpu" else None,
            "device": device,
        }
    )


def installed(package: str) -> str | None:
    """Return a package's version; None where it is not installed, or only on the import path."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def block_key(cell: str, replicas: list[tuple[int, float]]) -> str:
    """Return the key of one block of replicas (seed, learning rate) of a cell."""
    return _digest({"cell": cell, "replicas": replicas})


def user_code(experiment: Experiment) -> dict[str, str]:
    """Return import path -> digest of its source, for the user's functions that `experiment` names.

    That of an installed package is its version. user_code/sources.py says what is not covered. (A
    data set counts by its data.)
    """
    return {path: _user_digest(path) for path in sorted(user_paths(experiment))}


def user_paths(experiment: Experiment) -> set[str]:
    """Return the import paths that the keys of `experiment` name."""
    names = [getattr(experiment, key) for key in ("activation", "init", "cost")]
    names += [experiment.remedy.optimizer, experiment.remedy.normalization]
    names += [experiment.probe.function]
    return {name for name in names if is_path(name)}


def _user_digest(path: str) -> str:
    texts = {
        name: _meaning(ast.parse(file.read_text(encoding="utf-8")))
        for name, file in sources(path).items()
    }
    return _digest(texts) if texts else installed_version(path)


@cache
def code_digest(procedure: str) -> str:
    """Return a digest of a procedure's module and of all that it imports from this package.

    Comments and docstrings do not count, and neither does what other procedures are made of.
    """
    return _digest({name: _meaning(_tree(name)) for name in imports_of(PROCEDURES[procedure])})


@cache
def imports_of(module: str) -> list[str]:
    """Return a module of this package and all modules of it that it imports, also indirectly.

    Imports inside functions count, too; those of a package's `__init__` where the package is named.
    """
    found, left = {module}, [module]
    while left:
        fresh = _imported(_tree(left.pop())) - found
        found |= fresh
        left += fresh
    return sorted(found)


def _imported(tree: ast.Module) -> set[str]:
    """The modules of this package that a module names."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = {f"{node.module}.{each.name}" for each in node.names}
            modules = {name for name in parts if _source(name)}
            names |= modules if len(modules) == len(parts) else modules | {str(node.module)}
    return {name for name in names if _source(name)}


@cache
def _source(module: str) -> Path | None:
    """Where the source of a module of this package is; None for anything else."""
    ours = module.partition(".")[0] == ROOT.name
    return module_file(ROOT.parent, module) if ours else None


@cache
def _tree(module: str) -> ast.Module:
    path = _source(module)
    assert path is not None
    return ast.parse(path.read_text(encoding="utf-8"))


def _meaning(tree: ast.Module) -> str:
    """The syntax tree as text, without docstrings: editing prose does not retrain a network.

    Not by ast.dump: what is empty or None is left out here, as are fields that only some versions
    of Python have, so that each of them gives the same text.
    """
    return "".join(_dumped(tree))


def _dumped(value: Any) -> Iterator[str]:
    if isinstance(value, ast.AST):
        yield f"{type(value).__name__}("
        for name, part in ast.iter_fields(value):
            if name == "body" and isinstance(part, list):
                part = [each for each in part if not _is_prose(each)]
            if part is not None and part != []:
                yield f"{name}="
                yield from _dumped(part)
        yield ")"
    elif isinstance(value, list):
        yield "["
        for each in value:
            yield from _dumped(each)
        yield "]"
    else:
        yield f"{value!r},"


def _is_prose(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
