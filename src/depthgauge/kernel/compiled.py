"""The decorator of compiled functions, and the folder that caches their machine code.

Numba decides by the time stamp of a function's own file whether its cached code is current, though
functions of other files are compiled into it. So each version of this package has its own folder.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import config

HERE = Path(__file__).parent


def compiled(**options: Any) -> Callable[[Any], Any]:
    """Return numba.njit with `options`, numpy's division and a cache on disk."""

    def decorate(function: Any) -> Any:
        folder = _cache_folder()
        if folder is None:
            return numba.njit(error_model="numpy", **options)(function)
        with _numba_caches_in(folder):
            return numba.njit(cache=True, error_model="numpy", **options)(function)

    return decorate


@cache
def _cache_folder() -> Path | None:
    """Return the first folder that can be written; if there is none, print so and return None.

    It is in NUMBA_CACHE_DIR where that is set; otherwise beside the source or in the user's cache.
    """
    asked = os.environ.get("NUMBA_CACHE_DIR")
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 (HOME may be unset)
    own = [HERE / "__pycache__", Path(caches, "depthgauge")]
    for above in [Path(asked)] if asked else own:
        folder = above / _digest()
        if folder.is_absolute() and _writable(folder):
            return folder
    print(
        "depthgauge: no folder for compiled code is writable, so every process compiles it again,"
        " which takes some twenty seconds; set NUMBA_CACHE_DIR to a writable folder",
        file=sys.stderr,
    )
    return None


def _digest() -> str:
    sources = sorted(HERE.glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@contextmanager
def _numba_caches_in(folder: Path) -> Iterator[None]:
    """Set Numba's cache folder while a function is decorated, then restore it for other packages.

    Numba has no such setting for a single package: this one applies to the whole process.
    """
    before = getattr(config, "CACHE_DIR")  # noqa: B009 (a variable that type checkers miss)
    setattr(config, "CACHE_DIR", str(folder))  # noqa: B010 (a variable)
    try:
        yield
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010
