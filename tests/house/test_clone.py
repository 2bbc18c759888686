"""A clone has the same bytes, whatever its user has set."""

import subprocess
from pathlib import Path

from projects import ROOT


def git(folder: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_line_ends_are_the_same_with_autocrlf(tmp_path):
    """Code, pages and data lists: DVC and the keys of records hash them. Pictures stay, too."""
    files = {"code.py": b"a\nb\n", "page.yaml": b"a: 1\n", "x.svg": b"<svg>\n</svg>\n"}
    files |= {"x.png": b"\x89PNG\r\n\x1a\n", "dvc.lock": b"schema: 2\n"}
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "-q")
    attributes = ROOT / ".gitattributes"
    for name, content in files.items():
        (origin / name).write_bytes(content)
    (origin / ".gitattributes").write_bytes(attributes.read_bytes() if attributes.exists() else b"")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "-q", "origin", "clone")
    assert {name: (clone / name).read_bytes() for name in files} == files
