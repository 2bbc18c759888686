"""What no input may do: last for ever, or touch a file outside the folders it was given."""

import signal
import sys
from contextlib import contextmanager
from pathlib import Path

_ALLOWED: list[str] | None = None
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod")


class OutsideError(BaseException):
    """Something was written where nothing may be."""


def _hook(name, words):
    if _ALLOWED is None:
        return
    writes = name == "open" and isinstance(words[1], str) and words[1].strip("rbtU")
    if not (writes or name in _CHANGES) or not isinstance(words[0], str | Path):
        return
    path = str(Path(str(words[0])).absolute())
    if not any(path.startswith(folder) for folder in (*_ALLOWED, "/dev/", "/proc/")):
        raise OutsideError(f"{name} {path}")


sys.addaudithook(_hook)


@contextmanager
def guarded(folder, seconds=30):
    """Raise OutsideError for a change outside `folder`, TimeoutError after so many seconds."""
    global _ALLOWED

    def late(*_):
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    _ALLOWED = [str(folder), "/tmp/pytest-"]
    try:
        yield
    finally:
        _ALLOWED = None
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
