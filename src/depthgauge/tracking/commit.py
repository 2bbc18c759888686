"""Which commit of the project is checked out: what joins MLflow and the report with git."""

import subprocess
from functools import cache
from pathlib import Path

COMPUTES = ("src", "conf")
"""What decides over numbers; `dvc repro` itself changes dvc.lock and results/ as it goes."""


@cache
def checked_out(root: Path) -> tuple[str, bool] | None:
    """Return the commit, and whether code or pages differ from it, new files included.

    As this process found it at first. None where there is no git, no repository, or no commit.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    return commit, bool(_git(root, "status", "--porcelain", "--", *COMPUTES))


def commit_tags(root: Path) -> dict[str, str]:
    """Return MLflow's own tags of the commit; none where there is none."""
    found = checked_out(root)
    if found is None:
        return {}
    commit, changed = found
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
