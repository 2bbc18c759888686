"""Gradient descent on small networks, compiled: one replica at a time, all of it in the cache.

Numba keeps compiled code on disk and knows it by the time stamp of the one file it was in, though
that code has other files' functions inside. So each version of this package has a folder of its
own there.
"""

import hashlib
import os
from pathlib import Path

from numba.core import config

HERE = Path(__file__).parent


def _digest() -> str:
    sources = sorted(HERE.glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]


if not os.environ.get("NUMBA_CACHE_DIR") and os.access(HERE, os.W_OK):
    setattr(config, "CACHE_DIR", str(HERE / "__pycache__" / _digest()))  # noqa: B010 (a variable)
