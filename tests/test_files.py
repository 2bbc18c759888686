"""A file is whole or absent."""

import os
import subprocess
import sys

import pytest

from depthgauge import files
from depthgauge.errors import ResourceError
from depthgauge.files import sha256, whole, write_text


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    """Half-written content never takes the place of whole content."""
    path = tmp_path / "file"
    write_text(path, "old")
    with pytest.raises(RuntimeError), whole(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("killed")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_folders_are_made_and_the_umask_says_who_may_read(tmp_path, umask):
    """A result in a new folder: readable for others, writable for a group, or private."""
    path = tmp_path / "a" / "b" / "file"
    before = os.umask(umask)
    try:
        write_text(path, "ä")
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "ä"
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path):
    """A file stands where a folder is needed; the sentence names the path and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"cannot write .*file/below.* repeat the command"):
        write_text(tmp_path / "file" / "below", "text")


def test_sha256_is_that_of_the_content(tmp_path):
    """The digest of "abc", from the standard (FIPS 180-2, B.1)."""
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    """Its temporary file, half-written; the one of a writer that lives stays."""
    script = "import os, sys; from depthgauge.files import whole; from pathlib import Path\n"
    script += "with whole(Path(sys.argv[1])) as file: file.write_text('ha'); {}"
    end = script.format("os._exit(9)")
    subprocess.run([sys.executable, "-c", end, str(tmp_path / "dead")], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with whole(tmp_path / "living") as other:
        write_text(tmp_path / "file", "whole")
        assert set(tmp_path.iterdir()) == {other, tmp_path / "file"}


HOLD = """
import sys
from pathlib import Path
from depthgauge.files import scratch, whole
folder = Path(sys.argv[1])
with whole(folder / "file") as file, scratch(folder, "work") as work:
    file.with_name(file.name + "-journal").touch()
    Path(work, "part").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_what_a_living_process_of_another_container_writes_stays(tmp_path, monkeypatch):
    """Its number means nothing here: containers have their own numbers. Its lock does."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None and other.stdout.readline() == b"ready\n"
        monkeypatch.setattr(files.psutil, "pid_exists", lambda _: False)
        theirs = set(tmp_path.rglob("*"))
        files.remove_orphans(tmp_path)
        assert set(tmp_path.rglob("*")) == theirs and len(theirs) == 4
        other.kill()
        other.wait()
    files.remove_orphans(tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_machines_temporary_file_stays(tmp_path):
    """On a shared disk its writer may live, though no process here has its number."""
    theirs = tmp_path / ".file.00000000-4194304-abc.tmp"
    theirs.write_text("")
    write_text(tmp_path / "file", "whole")
    assert theirs.exists()


def test_a_folder_is_searched_once_a_process(tmp_path, monkeypatch):
    """A study's folder holds a file for each of its cells: a search at each would be quadratic."""
    searched = []
    monkeypatch.setattr(files, "remove_orphans", searched.append)
    for name in "abc":
        write_text(tmp_path / name, "text")
    write_text(tmp_path / "below" / "a", "text")
    assert searched == [tmp_path, tmp_path / "below"]
