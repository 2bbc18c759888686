"""The receipt tells what was fetched, and whether it still is that."""

import json

import pytest

from depthgauge.datasets import receipt
from depthgauge.datasets.sources import RawFile, RawSet
from depthgauge.errors import DataError

RAW = RawSet("toy", "an origin", "a licence", (RawFile("a", "", 0, ()), RawFile("b", "", 0, ())))


@pytest.fixture
def folder(tmp_path):
    """Hold two raw files and their receipt."""
    for name, content in (("a", b""), ("b", b"abc")):
        (tmp_path / name).write_bytes(content)
    receipt.write(tmp_path / "receipt.json", {RAW: tmp_path})
    return tmp_path


def read(folder):
    """Read the receipt of `folder`."""
    return receipt.read(folder / "receipt.json", "toy", folder)


def test_receipt_lists_published_digests(folder):
    """The sha256 of nothing and of "abc" are those of FIPS 180-4's own examples."""
    files = json.loads((folder / "receipt.json").read_text())["sets"]["toy"]["files"]
    assert [(file["file"], file["bytes"], file["sha256"][:16]) for file in files] == [
        ("a", 0, "e3b0c44298fc1c14"),
        ("b", 3, "ba7816bf8f01cfea"),
    ]
    assert read(folder).origin == "an origin"
    assert read(folder).licence == "a licence"


def test_receipt_is_reproducible(folder):
    """Written again it has the same bytes: no times, no places."""
    before = (folder / "receipt.json").read_bytes()
    receipt.write(folder / "receipt.json", {RAW: folder})
    assert (folder / "receipt.json").read_bytes() == before
    assert str(folder).encode() not in before


def test_untouched_file_is_read(folder):
    """A file that is what the receipt says is handed over."""
    assert read(folder).read("b") == b"abc"


def test_altered_missing_or_unlisted_file_is_refused(folder):
    """Each is said, with the file's name and what to run."""
    raw = read(folder)
    (folder / "b").write_bytes(b"abd")
    with pytest.raises(DataError, match=r"b is not what its receipt says.*fetch dataset=toy"):
        raw.read("b")
    (folder / "b").unlink()
    with pytest.raises(DataError, match=r"b is missing.*fetch dataset=toy"):
        raw.read("b")
    with pytest.raises(DataError, match=r"does not list c.*fetch dataset=toy"):
        raw.read("c")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "damaged"),
        ("[]", "damaged"),
        ('{"format": 1}', "damaged"),
        ('{"format": 1, "sets": {"toy": {}}}', "damaged"),
        ('{"format": 2, "sets": {}}', "format 2, not 1"),
        ('{"format": 1, "sets": {}}', "toy is not in"),
    ],
)
def test_unfit_receipt_is_refused(folder, text, reason):
    """Whatever is wrong with it, the sentence says what to run."""
    (folder / "receipt.json").write_text(text)
    with pytest.raises(DataError, match=rf"{reason}.*fetch dataset=toy"):
        read(folder)


def test_missing_receipt_means_not_fetched(tmp_path):
    """No receipt: the sentence says what to run."""
    with pytest.raises(DataError, match=r"toy is not fetched.*fetch dataset=toy"):
        read(tmp_path)
