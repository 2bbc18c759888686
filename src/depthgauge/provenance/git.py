"""Which commit of the project is checked out: the link from MLflow and the report to git."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

COMPUTES = ("src", "conf")
"""What determines the numbers; `dvc repro` itself changes dvc.lock and results/."""

STATUS = ("status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none")
"""So that user settings such as status.showUntrackedFiles hide no change."""


class Checkout(NamedTuple):
    """What git says of a project."""

    commit: str
    """Empty where git does not say it."""
    changed: bool = False
    """Whether code or pages differ from the commit, new files included."""
    reason: str = ""
    """Why there is no commit, as git says it."""


@cache
def checked_out(root: Path) -> Checkout:
    """Return what is checked out at `root`, as this process found it at first."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return Checkout(commit, bool(_git(root, *STATUS, "--", *COMPUTES)))
    except FileNotFoundError:
        return Checkout("", reason="git is not installed")
    except subprocess.TimeoutExpired as error:
        return Checkout("", reason=f"git took longer than {error.timeout:g} s")
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().partition("\n")[0]
        return Checkout("", reason=said or f"git ended with exit code {error.returncode}")


def commit_tags(root: Path) -> dict[str, str]:
    """Return MLflow's own tags of the commit; none where there is none."""
    found = checked_out(root)
    if not found.commit:
        return {}
    return {
        "mlflow.source.git.commit": found.commit,
        "mlflow.source.git.dirty": "true" if found.changed else "false",
    }


def _git(root: Path, *words: str) -> str:
    """Run git on the repository that `root` lies in, whatever GIT_DIR and the like point to.

    Settings from the environment (GIT_CONFIG_...) stay, as they may allow a folder of another user.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    done = subprocess.run(
        ["git", *words],
        cwd=root,
        env={**kept, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=10,
        check=True,
    )
    return done.stdout.strip()
