"""Archives are read in place; hostile and damaged ones are refused."""

import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest
from photographs import jpeg, pool, write_folder, write_tar, write_tar_of_tars, write_zip

from depthgauge.datasets.archives import open_archive
from depthgauge.errors import DataError

WRITERS = {
    "folder": write_folder,
    "zip": write_zip,
    "tar": write_tar,
    "tgz": lambda path, members: write_tar(path, members, "w:gz"),
    "tar of tars": write_tar_of_tars,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_members_are_read_by_name(tmp_path, kind):
    """Whatever the kind: the same names, the same contents, None for one that is not there."""
    members = pool({"n01440764": 3, "n02056570": 2})
    archive = open_archive(WRITERS[kind](tmp_path / "archive", members))
    assert sorted(archive.names()) == sorted(members)
    wanted = [*list(members)[::2], "n01440764/missing.JPEG"]
    assert dict(archive.read(wanted)) == {name: members.get(name) for name in wanted}


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil"])
@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_path_traversal_is_refused(tmp_path, write, name):
    """A member that points outside condemns the archive."""
    archive = open_archive(write(tmp_path / "archive", {name: b"x"}))
    with pytest.raises(DataError, match="points outside"):
        archive.names()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    """So does a link or a device."""
    with tarfile.open(tmp_path / "archive", "w") as archive:
        info = tarfile.TarInfo("image.JPEG")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(DataError, match="is a link"):
        open_archive(tmp_path / "archive").names()


def test_link_in_a_zip_is_refused(tmp_path):
    """Zip files can hold links, too."""
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        info = zipfile.ZipInfo("image.JPEG")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        open_archive(tmp_path / "archive").names()


def test_a_zip_member_without_a_name_is_refused(tmp_path):
    """Names end at a zero byte, so one spoiled byte leaves none."""
    path = write_zip(tmp_path / "archive", {"a.JPEG": jpeg(1)})
    path.write_bytes(path.read_bytes().replace(b"a.JPEG", b"\0.JPEG"))
    with pytest.raises(DataError, match=r"is damaged .* without a name"):
        open_archive(path).names()


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_bomb_is_refused(tmp_path, kind):
    """An archive that unpacks to a thousand times its size is refused before it is unpacked."""
    zeros = bytes(50 << 20)
    path = WRITERS[kind](tmp_path / "archive", {"a": zeros, "b": zeros})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="far more than photographs do"):
        open_archive(path).names()


def test_huge_member_is_refused(tmp_path):
    """One member beyond any photograph is enough, however little the rest swells."""
    with tarfile.open(tmp_path / "archive", "w") as archive:
        info = tarfile.TarInfo("image.JPEG")
        info.size = 65 << 20
        archive.addfile(info, io.BytesIO(bytes(65 << 20)))
    with pytest.raises(DataError, match=r"image\.JPEG it unpacks to"):
        open_archive(tmp_path / "archive").names()


def test_damaged_zip_member_is_none(tmp_path):
    """A member whose checksum does not hold is distinguished from the sound ones."""
    members = {"a.JPEG": jpeg(1), "b.JPEG": jpeg(2)}
    path = write_zip(tmp_path / "archive", members)
    content = bytearray(path.read_bytes())
    content[60] ^= 255  # within the first member
    path.write_bytes(content)
    assert dict(open_archive(path).read(members)) == {"a.JPEG": None, "b.JPEG": members["b.JPEG"]}


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_cut_off_archive_is_damaged(tmp_path, kind):
    """An archive that ends within a member is damaged, in one sentence."""
    members = {"a": bytes(100), "b": np.random.default_rng(0).bytes(20_000)}
    path = WRITERS[kind](tmp_path / "archive", members)
    path.write_bytes(path.read_bytes()[:15_000])
    with pytest.raises(DataError, match=r"damaged|neither"):
        archive = open_archive(path)
        list(archive.read(archive.names()))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK no zip", b"\x1f\x8b no gzip"])
def test_wrong_kind_is_refused(tmp_path, content):
    """A file that is not an archive is not read as one."""
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(DataError, match=r"archive is (damaged|neither a zip nor a tar)"):
        open_archive(tmp_path / "archive").names()


def test_missing_path_is_named(tmp_path):
    """Neither file nor folder."""
    with pytest.raises(DataError, match="does not exist"):
        open_archive(tmp_path / "nothing")
