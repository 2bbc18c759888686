"""The root of a project: the nearest parent folder with a dvc.yaml or a conf/config.yaml."""

from importlib.resources import files
from pathlib import Path

from depthgauge.errors import ConfigError


def project_root() -> Path:
    """Return the nearest folder, from here up, that has a dvc.yaml or a conf/config.yaml.

    Raises ConfigError where there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in ("dvc.yaml", "conf/config.yaml")):
            return folder
    raise ConfigError(
        f"{here} is not inside a project (no dvc.yaml and no conf/config.yaml here or above);"
        " change into one, or make one with `depthgauge init FOLDER`"
    )


def shipped() -> Path:
    """Return the folder whose conf/ comes with the package: in the installed one, or the clone."""
    package = Path(str(files("depthgauge.new_project")))
    clone = package.parents[2]
    return package if (package / "conf").is_dir() else clone


def require_dvc(root: Path) -> None:
    """Check that DVC can work at `root`; raises ConfigError saying what to run."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        raise ConfigError(
            f"{root} is not under git, which DVC needs; run `git init` there, or clone the project"
        )
    if not (root / ".dvc").is_dir():
        raise ConfigError(f"{root} has no .dvc folder; run `dvc init` there")
