"""Small-ImageNet: balanced, disjoint splits of whatever photographs there are."""

from collections import Counter

import numpy as np
import pytest
from photographs import BIRD, CHURCH, FISH, FLOWER, jpeg, pool, write_zip

from depthgauge.datasets.archives import open_archive
from depthgauge.datasets.small_imagenet import CLASSES, choose, in_words, prepare_photographs
from depthgauge.datasets.synset_folders import by_folder
from depthgauge.errors import DataError


def prepare(path, members, unreadable=0):
    """Prepare an archive of these members."""
    archive = open_archive(write_zip(path / "photographs.zip", members))
    return prepare_photographs("toy", archive, by_folder(archive.names()), unreadable)


def test_splits_are_balanced_and_in_proportion(tmp_path):
    """As many images of each class, nine parts train, one validates, one tests."""
    data = prepare(tmp_path, pool({FISH: 50, BIRD: 33, CHURCH: 20}))
    assert data.shape == (37, 37)
    assert data.classes == CLASSES
    fish, bird = CLASSES.index("fish"), CLASSES.index("bird")
    for split, count in ((data.train, 27), (data.validation, 3), (data.test, 3)):
        assert Counter(split.labels.tolist()) == {fish: count, bird: count}
        assert split.images.shape == (2 * count, 37 * 37)


def test_images_keep_their_labels_and_stay_in_one_split(tmp_path):
    """Each photograph has a grey of its own: none is in two splits or under another label."""
    greys = dict(enumerate([FISH, BIRD] * 33))
    members = {f"{synset}/{3 * grey}.JPEG": jpeg(3 * grey) for grey, synset in greys.items()}
    data = prepare(tmp_path, members)
    seen = []
    for split in (data.train, data.validation, data.test):
        found = np.rint(split.images.mean(axis=1) / 3).astype(int)
        seen += found.tolist()
        fish = split.labels == CLASSES.index("fish")
        assert [greys[grey] == FISH for grey in found.tolist()] == fish.tolist()
    assert sorted(seen) == list(range(66))


def test_order_is_mixed_and_always_the_same(tmp_path):
    """The first images are of all classes, and another run has them in the same order."""
    members = pool({FISH: 100, BIRD: 100})
    first, second = prepare(tmp_path, members), prepare(tmp_path, members)
    assert first.hash == second.hash
    assert 5 < (first.train.labels[:40] == CLASSES.index("fish")).sum() < 35


def test_what_is_lacking_and_left_over_is_noted(tmp_path):
    """Classes without an image are named, images outside the classes counted."""
    notes = prepare(tmp_path, pool({FISH: 11, FLOWER: 11, CHURCH: 7})).notes
    assert set(notes["lacking_classes"]) == set(CLASSES) - {"fish", "flower"}
    assert notes["images_outside_the_classes"] == 7
    assert notes["unreadable"] == []


def test_what_was_kept_is_said_in_words(tmp_path):
    """Every photograph is in one of the numbers."""
    words = in_words(prepare(tmp_path, pool({FISH: 15, FLOWER: 11, CHURCH: 7})).notes)
    assert "22 of 33 photographs kept" in words
    assert "7 show none of the ten classes" in words
    assert "4 are more than the smallest class has" in words
    assert "no photograph of reptile, vehicle" in words and "flower" not in words
    assert in_words({"licence": "free"}) == ""


def test_unreadable_images_are_named_and_stop_it(tmp_path):
    """One image that does not decode: its name, and how to go on without it."""
    members = pool({FISH: 22, BIRD: 22})
    bad = f"{FISH}/{FISH}_3.JPEG"
    members[bad] = jpeg()[:100]
    with pytest.raises(DataError, match=rf"1 of 44 images .*{bad}.*dataset=toy unreadable=1"):
        prepare(tmp_path, members)
    data = prepare(tmp_path, members, unreadable=1)
    assert data.notes["unreadable"] == [bad]
    assert Counter(data.train.labels.tolist()) == {2: 19, 4: 19}  # 21 of each, 1 + 1 held out


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "no image of any of the ten classes"),
        ({"readme.txt": b"x"}, "no image of any of the ten classes"),
        (pool({CHURCH: 20}), "no image of any of the ten classes"),
        (pool({FISH: 20, BIRD: 1}), rf"class bird has 1 images .*\({BIRD}\)"),
        (pool({FISH: 20, "n99999999": 1}), r"not known synsets \(n99999999\)"),
        (pool({FISH: 20, "goldfish": 1}), r"not known synsets \(goldfish\)"),
        ({"a.JPEG": jpeg()}, r"not known synsets"),
    ],
)
def test_unfit_collections_are_refused(tmp_path, members, reason):
    """Each in one sentence that names the archive."""
    with pytest.raises(DataError, match=reason) as caught:
        prepare(tmp_path, members)
    assert "photographs.zip" in str(caught.value)


def test_no_more_than_the_papers_number_is_taken():
    """11,000 images of a class at most: 110,000 in ten classes."""
    images = {name: [f"{name}{n}" for n in range(11_005)] for name in CLASSES}
    chosen = choose(images)
    assert Counter(chosen.values()) == dict.fromkeys(CLASSES, 11_000)
    assert all(image.startswith(name) for image, name in chosen.items())
