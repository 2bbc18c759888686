"""The folder of MLflow's database: the project's, also where DVC runs a temporary copy of it."""

import os
from pathlib import Path


def store_home(root: Path) -> Path:
    """Return the folder whose mlflow.db and mlruns belong to the project checked out at `root`.

    `dvc exp run --temp` and DVC's queue run each experiment in a checkout below .dvc/tmp/exps that
    is removed afterwards; DVC_ROOT then names the project (dvc.org/doc/user-guide/env).
    """
    project = os.environ.get("DVC_ROOT")
    if not project:
        return root
    checkouts = Path(project).resolve() / ".dvc" / "tmp" / "exps"
    if not root.is_relative_to(checkouts):
        return root
    own = (each for each in (root, *root.parents) if (each / ".dvc").is_dir())
    return Path(project).resolve() / root.relative_to(next(own))
