"""What git says of a project, whatever the environment and the user's settings say to git."""

import os
import subprocess

import pytest

from depthgauge.provenance.block import write_origin
from depthgauge.provenance.git import checked_out, commit_tags


def git(folder, *words):
    done = subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(folder):
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "code.py").write_text(f"# {folder.name}\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", folder.name)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository, and the commit that it is at; another one beside it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    checked_out.cache_clear()
    yield tmp_path / "project", repository(tmp_path / "project")
    checked_out.cache_clear()


def test_another_repository_in_the_environment_is_not_ours(project, tmp_path, monkeypatch):
    """GIT_DIR and GIT_WORK_TREE, as a hook or a shell leaves them."""
    root, commit = project
    assert repository(tmp_path / "other") != commit
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert checked_out(root) == (commit, False, "")


def test_a_new_file_is_a_change_whatever_is_set(project):
    """`status.showUntrackedFiles=no` hides new files from a person, not from provenance."""
    root, commit = project
    git(root, "config", "status.showUntrackedFiles", "no")
    (root / "src" / "new.py").touch()
    assert checked_out(root) == (commit, True, "")
    assert commit_tags(root)["mlflow.source.git.dirty"] == "true"


def test_a_refusal_is_quoted(project, monkeypatch):
    """A damaged repository: the origin beside a block has git's own words."""
    root, _ = project
    (root / ".git" / "HEAD").write_text("nonsense\n")
    monkeypatch.chdir(root)
    write_origin(root / "block", "cpu")
    assert '"unknown: fatal: not a git repository' in (root / "block/origin.json").read_text()
    assert commit_tags(root) == {}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can chown")
def test_a_folder_of_another_user_is_named(project, monkeypatch):
    """Dubious ownership, as in a container that mounts a user's folder."""
    root, _ = project
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for path in (root, root / ".git"):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("SUDO_UID", "1")
    found = checked_out(root)
    assert found.commit == "" and "dubious ownership" in found.reason


def test_an_index_that_cannot_be_read_is_no_unchanged_project(project):
    """What git cannot say is unknown."""
    root, _ = project
    (root / ".git" / "index").write_bytes(b"nonsense")
    found = checked_out(root)
    assert found.commit == "" and "index" in found.reason


def test_a_folder_without_git(tmp_path, monkeypatch):
    """Or a machine without it."""
    assert "not a git repository" in checked_out(tmp_path).reason
    checked_out.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checked_out(tmp_path).reason == "git is not installed"
    checked_out.cache_clear()
