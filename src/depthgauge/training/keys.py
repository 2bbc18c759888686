"""Names made of content: what was computed, from which data, by which code."""

import ast
import hashlib
import importlib.util
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grimp

from depthgauge.config import Experiment, plain
from depthgauge.training.procedures import PROCEDURES


def cell_key(experiment: Experiment, data_hash: str, device: str) -> str:
    """Return the key of a cell, whatever its replicas: 32 hex digits.

    Threads, launcher and paths are not part of it; the code, torch's and Numba's versions and the
    kind of device are, because each may change a result's last digits.
    """
    return _digest(
        {
            "experiment": plain(experiment),
            "data": data_hash,
            "code": code_digest(experiment.procedure),
            "torch": version("torch"),
            "numba": version("numba"),
            "device": device,
        }
    )


def block_key(cell: str, replicas: list[tuple[int, float]]) -> str:
    """Return the key of one block of replicas (seed, learning rate) of a cell."""
    return _digest({"cell": cell, "replicas": replicas})


@cache
def code_digest(procedure: str) -> str:
    """Return a digest of a procedure's module and of all that it imports from this package.

    Comments and docstrings do not count, and neither does what other procedures are made of.
    """
    return _digest({name: _meaning(_source(name)) for name in imports_of(PROCEDURES[procedure])})


def imports_of(module: str) -> list[str]:
    """Return a module of this package and all modules of it that it imports, near and far."""
    return sorted({module, *_graph().find_upstream_modules(module)})


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("depthgauge", cache_dir=None)


def _source(module: str) -> Path:
    found = importlib.util.find_spec(module)
    assert found is not None and found.origin is not None
    return Path(found.origin)


@cache
def _meaning(path: Path) -> str:
    """The syntax tree without docstrings: editing prose does not retrain a network."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_prose(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_prose(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
