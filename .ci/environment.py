"""Makes .venv hold what pyproject.toml and constraints.txt ask for; at once where it does already.

Run by make from the project's root, with the Python that a new .venv shall have; `--asked` says
that the user named this Python. It needs the standard library alone, and removes nothing: a .venv
that installing cannot repair is reported in one sentence. The stamp is written last,
so an installation that was cut off is repeated.
"""

from __future__ import annotations  # an older Python shall get as far as its own sentence

import csv
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 11)
"""As `requires-python` in pyproject.toml says."""

STAMP = "depthgauge-installed"

EXTRAS = "pipeline,dev,team,optuna"
"""What the pipeline and all tests need."""


def main() -> None:
    """Bring .venv up to date, or exit with one sentence on what is wrong with it."""
    venv = Path.cwd() / ".venv"
    if not venv.exists() and not venv.is_symlink():
        create(venv)
    elif "--asked" in sys.argv and not list(venv.glob(f"lib/python{version()}/site-packages")):
        broken(f"it does not hold Python {version()}, which was asked for")
    stamp = venv / STAMP
    if stamp.is_file() and stamp.read_text() == fingerprint(venv):
        return
    check_usable(venv)
    stamp.unlink(missing_ok=True)
    install(venv)
    check_whole(venv)
    stamp.write_text(fingerprint(venv))


def create(venv: Path) -> None:
    """Make an empty virtual environment with the Python that runs this."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        sys.exit(
            f"{sys.executable} is Python {version()}, but {wanted} or later is needed:"
            f" name one, as in `make PYTHON=python{wanted}`"
        )
    print(f"making .venv with Python {version()}; this takes some minutes", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", str(venv)]).returncode:
        sys.exit(
            f"{sys.executable} cannot make virtual environments (see above): remove what it began"
            " with `rm -rf .venv`, install its venv module (Debian: python3-venv), then repeat"
        )


def fingerprint(venv: Path) -> str:
    """Return a digest of what is asked for, where .venv stands, and which packages lie in it."""
    wanted = [venv.parent / "constraints.txt", venv.parent / "pyproject.toml"]
    parts = [EXTRAS, str(venv), str((venv / "bin" / "python").exists())]
    parts += [file.read_text() for file in [*wanted, venv / "pyvenv.cfg"] if file.is_file()]
    parts += sorted(str(each) for site in packages(venv) for each in site.glob("[!_~]*"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def check_usable(venv: Path) -> None:
    """Refuse an environment into which pip could not install, or would install elsewhere."""
    probe = [str(venv / "bin" / "python"), "-c", "import sys, pip; print(sys.prefix)"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True)
    except OSError:
        broken("its Python does not start")
    if answer.returncode:
        broken("its Python or its pip does not start")
    if not Path(answer.stdout.strip()).samefile(venv):
        broken("its pyvenv.cfg is gone, so that its Python is the system's")
    head = (venv / "bin" / "pip").read_text()[:1000] if (venv / "bin" / "pip").is_file() else ""
    home = re.search(r"(/.*)/bin/python", head)
    if home is None or not Path(home[1]).exists() or not Path(home[1]).samefile(venv):
        broken("it was made in another folder and moved")


def install(venv: Path) -> None:
    """Install the project, editable, and its development tools in the pinned versions."""
    print("installing what constraints.txt pins into .venv", flush=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "-c", "constraints.txt"]
    if subprocess.run([*pip, "-e", f".[{EXTRAS}]"]).returncode:
        sys.exit("the installation stopped early (pip says why above): repeat to go on with it")


def check_whole(venv: Path) -> None:
    """Refuse an environment in which a package lacks files that pip believes it installed."""
    for info in [info for site in packages(venv) for info in site.glob("[!~]*.dist-info")]:
        record = info / "RECORD"  # rows of path, hash, size; byte code may come and go
        rows = csv.reader(record.read_text("utf-8").splitlines() if record.is_file() else [])
        files = [(info.parent / row[0], row[2]) for row in rows if not row[0].endswith(".pyc")]
        if not files or not all(is_whole(file, size) for file, size in files):
            broken(f"files of the package {info.name.split('-')[0]} are missing or cut off")


def is_whole(file: Path, size: str) -> bool:
    """Say whether a file is there, with its size where the package tells it."""
    return file.exists() and (not size or file.stat().st_size == int(size))


def packages(venv: Path) -> list[Path]:
    """Return the folders that packages are installed in: one."""
    return sorted(venv.glob("lib/python3*/site-packages"))


def version() -> str:
    """Return the running Python's version as its folders spell it."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def broken(reason: str) -> NoReturn:
    """Exit with the sentence that says what is wrong with .venv and how to repair it."""
    sys.exit(f".venv is broken ({reason}): remove it with `rm -rf .venv`, then repeat the command")


if __name__ == "__main__":
    main()
