"""The source files that a user's function is made of, for the keys of what it computes.

They are the module that its import path names, its packages' `__init__`, and what these import,
directly and indirectly, from the same package or, for a module outside of any package, from the
same folder. Installed packages go by their version. Not covered are other packages that the code
imports, modules that it finds while it runs (importlib, plugins), and the data files it reads.
"""

import ast
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path


def sources(path: str) -> dict[str, Path]:
    """Return module name -> file of all source that the import path `path` stands for.

    Empty for what is installed, whose version counts (`installed_version`), or built in.
    """
    first = path.rpartition(".")[0]
    file = _file(first)
    if file is None or _is_installed(file):
        return {}
    folder = _top_folder(first, file)
    found: dict[str, Path] = {}
    left = [*_packages(first), first]
    while left:
        name = left.pop()
        at = module_file(folder, name)
        if at is not None and name not in found:
            found[name] = at
            left += _packages(name)
            left += _imports(name, at)
    return dict(sorted(found.items()))


def installed_version(path: str) -> str:
    """Return name and version of the installed package that `path` lies in; "" for none."""
    top = path.partition(".")[0]
    try:
        return f"{top} {version(top)}"
    except PackageNotFoundError:
        names = _distributions().get(top, [])
        return ", ".join(f"{each} {version(each)}" for each in sorted(set(names)))


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _file(module: str) -> Path | None:
    spec = find_spec(module)
    origin = spec.origin if spec is not None and spec.has_location else None
    return Path(origin).absolute() if origin and origin.endswith(".py") else None


def _is_installed(file: Path) -> bool:
    paths = sysconfig.get_paths()
    own = {Path(paths[name]).resolve() for name in ("purelib", "platlib", "stdlib")}
    return any(folder in file.resolve().parents for folder in own)


def _top_folder(module: str, file: Path) -> Path:
    """Return the folder in which the module, or its outermost package, lies."""
    depth = module.count(".") + (file.name == "__init__.py")
    return file.parents[depth]


def module_file(folder: Path, module: str) -> Path | None:
    """Return the source of a module, or of a package's `__init__`, that lies in `folder`."""
    at = folder.joinpath(*module.split("."))
    return next(
        (file for file in (at.with_suffix(".py"), at / "__init__.py") if file.is_file()), None
    )


def _packages(module: str) -> list[str]:
    """Return the packages around a module, whose `__init__` Python runs first."""
    parts = module.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def _imports(module: str, file: Path) -> Iterator[str]:
    """Yield every module that the source of `module` may import; some are names in modules."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node)
            yield base
            yield from (f"{base}.{each.name}".lstrip(".") for each in node.names)


def _absolute(package: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join(filter(None, (*above, node.module)))
