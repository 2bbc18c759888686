"""Which commit of the project is checked out: one of the tags that join MLflow with git and DVC."""

import subprocess
from functools import cache
from pathlib import Path


@cache
def commit_tags(root: Path) -> dict[str, str]:
    """Return MLflow's own tags of the commit and of whether tracked files differ from it.

    As this process found it at first. Empty where there is no git, no repository, or no commit.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.dirty": "true" if changed else "false",
    }


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
