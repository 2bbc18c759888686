"""All files of a folder are seen, behind links too, whatever their names are made of."""

import os

import pytest
from photographs import BIRD, FISH, pool, write_folder, write_tar

from depthgauge.datasets.archives import open_archive
from depthgauge.datasets.folders import files_below
from depthgauge.datasets.imagenet_archives import OWN, folder_labels, prepare
from depthgauge.datasets.receipt import RawFolder, fingerprint
from depthgauge.errors import DataError


def own(path):
    """Prepare the user's own photographs at `path`, which is named as the link to them is."""
    raw = RawFolder("imagenet", path.parent, "", "", {OWN: fingerprint(path)[1]})
    return prepare(raw, folder_labels)


def test_linked_class_folders_are_read(tmp_path):
    """The same set as with folders in their place; a change behind a link is noticed."""
    members = pool({FISH: 22, BIRD: 22})
    plain = own(write_folder(tmp_path / "plain" / OWN, members))
    elsewhere = write_folder(tmp_path / "elsewhere", members)
    linked = tmp_path / "linked" / OWN
    linked.mkdir(parents=True)
    for synset in (FISH, BIRD):
        (linked / synset).symlink_to(elsewhere / synset)
    assert own(linked).hash == plain.hash
    before = fingerprint(linked)
    (elsewhere / FISH / f"{FISH}_0.JPEG").write_bytes(b"longer or shorter")
    assert fingerprint(linked) != before


def test_link_in_a_circle_is_refused_by_name(tmp_path):
    """It would never end; a link to a folder beside it is read twice."""
    write_folder(tmp_path, {"a/x": b"", "b/y": b""})
    (tmp_path / "b" / "beside").symlink_to(tmp_path / "a")
    assert files_below(tmp_path) == ["a/x", "b/beside/x", "b/y"]
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    with pytest.raises(DataError, match=r"b/up is a link to a folder above it"):
        files_below(tmp_path)


def test_link_to_nothing_is_a_photograph_that_does_not_decode(tmp_path):
    """It is named, not passed over."""
    folder = write_folder(tmp_path / OWN, pool({FISH: 22, BIRD: 22}))
    (folder / FISH / "lost.JPEG").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"1 of 4\d images .* do not decode .*lost\.JPEG"):
        own_of = pool({BIRD: 1})
        write_folder(folder, {f"{BIRD}/more_{n}.JPEG": c for n, c in enumerate(own_of.values())})
        own(folder)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
@pytest.mark.parametrize("kept", ["folder", "tar"])
def test_names_need_not_be_utf8(tmp_path, kept):
    """Names of an old disk, in a folder or a tar file: all photographs are there."""
    members = pool({FISH: 22, BIRD: 22})
    odd = {os.fsdecode(b"caf\xe9/") + name: content for name, content in members.items()}
    path = (write_folder if kept == "folder" else write_tar)(tmp_path / OWN, odd)
    data = own(path)
    assert len(data.train.labels) == 2 * 18
    assert data.notes["kept"] == 44
    assert sorted(open_archive(path).names()) == sorted(odd)


def test_what_macos_leaves_is_skipped_and_counted(tmp_path):
    """Its files have the suffix of photographs, and are none."""
    members = pool({FISH: 22, BIRD: 22})
    litter = {f"{FISH}/._{FISH}_1.JPEG": b"Mac OS X", f"__MACOSX/{BIRD}/._a.jpg": b"Mac OS X"}
    data = own(write_folder(tmp_path / OWN, {**members, **litter}))
    assert data.notes["macos_files"] == 2
    assert (data.notes["photographs"], data.notes["unreadable"]) == (44, [])
