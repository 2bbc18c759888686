"""The folders in which a user's modules are looked for, in this process and in those it starts."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path


def search_in(folders: Iterable[Path]) -> None:
    """Let modules be imported from `folders`, too, after all that Python itself looks in.

    Behind the others, so that a user's random.py does not replace Python's. Launchers' processes
    inherit the folders by PYTHONPATH.
    """
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.append(folder)
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if folder not in inherited:
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (*inherited, folder)))
