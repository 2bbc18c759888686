"""The decorator of compiled functions, and where their machine code is kept.

Numba knows cached code by the time stamp of the one file that its function is in, though other
files' functions are compiled into it. So each version of this package has a folder of its own.
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
    """Return numba.njit with `options`, which divides as numpy does and keeps what it compiles."""

    def decorate(function: Any) -> Any:
        folder = _cache_folder()
        if folder is None:
            return numba.njit(error_model="numpy", **options)(function)
        with _numba_caches_in(folder):
            return numba.njit(cache=True, error_model="numpy", **options)(function)

    return decorate


@cache
def _cache_folder() -> Path | None:
    """Return the first folder that can be written; None, and a sentence, if there is none.

    In NUMBA_CACHE_DIR where that is set; else beside the source, else among the user's caches.
    """
    asked = os.environ.get("NUMBA_CACHE_DIR")
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 (HOME may be unset)
    own = [HERE / "__pycache__", Path(caches, "depthgauge")]
    for above in [Path(asked)] if asked else own:
        folder = above / _digest()
        if folder.is_absolute() and _writable(folder):
            return folder
    print(
        "depthgauge: no folder for compiled code can be written, so it is compiled anew by every"
        " process, in some twenty seconds; set NUMBA_CACHE_DIR to one that can",
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
    """A function's cache is found when it is decorated; other users of Numba keep their folder.

    Numba has no setting of a package's own: this one and its cache locators are the process's.
    """
    before = getattr(config, "CACHE_DIR")  # noqa: B009 (a variable that type checkers miss)
    setattr(config, "CACHE_DIR", str(folder))  # noqa: B010 (a variable)
    try:
        yield
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010
