"""A user's own archive instead of a download."""

import hashlib
import zipfile

import pytest
from photographs import FISH, pool, write_folder

from depthgauge.datasets import receipt
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.imagenet_archives import folder_labels
from depthgauge.datasets.own import adopt
from depthgauge.datasets.sources import RawFile, RawSet
from depthgauge.datasets.transfer import open_session
from depthgauge.errors import ConfigError, DataError

PUBLISHED = RawSet("published", "o", "l", (RawFile("x.zip", "sha256:" + "0" * 64, 1000, ()),))
UNPUBLISHED = RawSet("unpublished", "o", "l", (RawFile("photographs", "", 0, ()),))


@pytest.fixture
def archive(tmp_path):
    """Write a zip file that nobody published."""
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as file:
        file.writestr("n01440764/a.JPEG", b"x")
    return tmp_path / "mine.zip"


@pytest.fixture
def take(tmp_path):
    """Adopt a path for a data set; return the folder it goes to."""
    (tmp_path / "scratch").mkdir()

    def run(raw_set, path, sha256=None, labels=None):
        adopt(raw_set, path, sha256, tmp_path / "raw", fetcher, labels)
        return tmp_path / "raw"

    with open_session() as session:
        fetcher = Fetcher(session, tmp_path / "scratch", "/no/such/mirror")
        yield run


def test_archive_one_vouches_for_is_copied(take, archive):
    """With its own sha256 it stands in for the published one."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (take(PUBLISHED, archive, digest) / "x.zip").read_bytes() == archive.read_bytes()


def test_other_archive_than_published_is_refused(take, archive, tmp_path):
    """The sentence has the sha256 to add, should the user trust the file."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=rf"not the published x\.zip.*sha256={digest}"):
        take(PUBLISHED, archive)
    with pytest.raises(DataError, match="not the published"):
        take(PUBLISHED, archive, "1" * 64)
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_unpublished_photographs_are_linked(take, archive, tmp_path, kind):
    """ImageNet itself is not copied; the receipt notices when it changes."""
    own = archive if kind == "file" else tmp_path / "own"
    if kind == "folder":
        own.mkdir()
        (own / "a.JPEG").write_bytes(b"x")
    folder = take(UNPUBLISHED, own)
    assert (folder / "photographs").readlink() == own
    receipt.write(folder / "receipt.json", {UNPUBLISHED: folder})
    raw = receipt.read(folder / "receipt.json", "unpublished", folder)
    assert raw.path("photographs") == folder / "photographs"
    changed = own / "a.JPEG" if kind == "folder" else own
    with changed.open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match="not what its receipt says"):
        raw.path("photographs")


def test_unpacked_photographs_are_linked_too(take, tmp_path):
    """Of a published set the folder will do; what is in it is looked at first."""
    folder = write_folder(tmp_path / "unpacked", pool({FISH: 11}))
    assert (take(PUBLISHED, folder, labels=folder_labels) / "x.zip").readlink() == folder
    with pytest.raises(ConfigError, match=r"is a folder.*leave sha256= out"):
        take(PUBLISHED, folder, "1" * 64, folder_labels)
    (folder / FISH).rename(folder / "goldfish")
    with pytest.raises(DataError, match=r"not known synsets \(goldfish\)"):
        take(PUBLISHED, folder, labels=folder_labels)


def test_unfit_paths_are_refused(take, archive, tmp_path):
    """Each in one sentence."""
    (tmp_path / "text").write_text("no archive")
    for raw_set in (PUBLISHED, UNPUBLISHED):
        with pytest.raises(DataError, match="neither a zip nor a tar"):
            take(raw_set, tmp_path / "text")
        with pytest.raises(DataError, match="does not exist"):
            take(raw_set, tmp_path / "nothing")
    with pytest.raises(ConfigError, match="is a folder"):
        take(PUBLISHED, tmp_path)
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        take(PUBLISHED, archive, "abc")
    several = RawSet("several", "o", "l", PUBLISHED.files * 2)
    with pytest.raises(ConfigError, match=r"not a single archive.*DEPTHGAUGE_MIRROR"):
        take(several, archive)
    assert not list((tmp_path / "scratch").iterdir())
