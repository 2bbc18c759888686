"""Names made of content: what was computed, from which data, by which code."""

import ast
import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import depthgauge
from depthgauge.config import Experiment, plain

COMPUTES = ("datasets/batches.py", "nets", "probes", "training")
"""What can change a number of a record, relative to the package."""


def cell_key(experiment: Experiment, data_hash: str, device: str) -> str:
    """Return the key of a cell, whatever its replicas: 32 hex digits.

    Threads, launcher and paths are not part of it; the code, the torch version and the kind of
    device are, because each may change a result's last digits.
    """
    return _digest(
        {
            "experiment": plain(experiment),
            "data": data_hash,
            "code": code_digest(),
            "torch": version("torch"),
            "device": device,
        }
    )


def block_key(cell: str, replicas: list[tuple[int, float]]) -> str:
    """Return the key of one block of replicas (seed, learning rate) of a cell."""
    return _digest({"cell": cell, "replicas": replicas})


@cache
def code_digest() -> str:
    """Return a digest of the code that computes records; comments and docstrings do not count."""
    root = Path(depthgauge.__file__).parent
    files = [path for name in COMPUTES for path in _sources(root / name)]
    return _digest({str(path.relative_to(root)): _meaning(path) for path in files})


def _sources(path: Path) -> list[Path]:
    return [path] if path.suffix else sorted(path.rglob("*.py"))


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
