"""Libraries are used by what they offer: import-linter cannot forbid a part of a package."""

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


def imported(path):
    """Yield the dotted names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{each.name}" for each in node.names)
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def test_no_private_module_is_imported():
    """Such as hydra._internal, whose names change without notice."""
    private = [
        f"{path.relative_to(SOURCES)}: {name}"
        for path in sorted(SOURCES.rglob("*.py"))
        for name in imported(path)
        if any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
        and not name.startswith((".", "depthgauge"))
    ]
    assert private == []
