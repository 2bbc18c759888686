"""Where compiled code is kept: in a folder of this version's own, or nowhere, never in silence."""

from pathlib import Path

import numba
import pytest

from depthgauge.kernel import compiled


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """The folder is found once a process."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    compiled._cache_folder.cache_clear()
    yield
    monkeypatch.undo()
    compiled._cache_folder.cache_clear()


def double(x):
    return 2 * x


def test_other_users_of_numba_keep_their_folder(monkeypatch, tmp_path):
    """Numba's setting is of the process; ours lasts for the decoration alone."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "theirs")
    monkeypatch.setattr(compiled, "_cache_folder", lambda: tmp_path)
    assert compiled.compiled()(double)(4) == 8
    assert numba.config.CACHE_DIR == "theirs"


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_folder_asked_for_gets_one_for_this_version(monkeypatch, tmp_path):
    """Numba would take a function for unchanged though what it calls is in another, edited file."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiled.compiled()(double)(4)
    (version,) = tmp_path.iterdir()
    assert list(version.rglob("*.nbc"))
    (version / "mark").touch()
    monkeypatch.setattr(compiled, "_digest", lambda: "edited")
    compiled._cache_folder.cache_clear()
    assert compiled._cache_folder() == tmp_path / "edited"


def test_sources_that_cannot_be_written_leave_the_users_caches(monkeypatch, tmp_path):
    """As where an administrator installed them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    read_only = compiled.HERE
    monkeypatch.setattr(compiled, "_writable", lambda folder: not folder.is_relative_to(read_only))
    assert compiled._cache_folder() == tmp_path / "depthgauge" / compiled._digest()


def test_without_any_folder_it_is_compiled_each_time_and_said_once(monkeypatch, capsys):
    """In place of Numba's "no locator available"."""
    monkeypatch.setattr(compiled, "_writable", lambda folder: False)
    for _ in range(2):
        assert compiled.compiled()(double)(4) == 8
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "set NUMBA_CACHE_DIR" in said


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    """Whatever the system calls that mistake."""
    Path(tmp_path, "file").touch()
    assert compiled._writable(tmp_path / "folder")
    assert not compiled._writable(tmp_path / "file" / "folder")
