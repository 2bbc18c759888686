"""The table of superclasses follows WordNet's hierarchy."""

import re

import pytest

from depthgauge.datasets.derive_superclasses import all_below, derive, hyponyms
from depthgauge.datasets.superclasses import OUTSIDE, SUPERCLASSES, TABLE, superclass_of

# A hierarchy of our own in the form of data.noun: 00000001 animal over fish and bird, carp and
# "big fish" below fish, ghost carp below both of them; ! is another kind of pointer
DATA_NOUN = """\
  1 This line stands for the licence, which begins with two spaces.
00000001 05 n 01 animal 0 001 ~ 00000002 n 0000 | a living thing
02512053 05 n 01 fish 0 002 @ 00000001 n 0000 ~ 00000004 n 0000 | lives in water | and has gills
01503061 05 n 01 bird 0 002 @ 00000001 n 0000 ! 02512053 n 0101 | it flies
00000004 05 n 0b carp 0 a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 001 @ 02512053 n 0000 | eleven words
00000005 05 n 02 big_fish 0 whopper 1 001 @ 02512053 n 0000 | a fish
00000006 05 n 01 ghost_carp 0 002 @ 00000004 n 0000 @ 00000005 n 0000 | a fish with two parents
"""


def test_hierarchy_is_read_from_the_data_file():
    """Only hypernym pointers count, in lines with any number of words."""
    below = hyponyms(DATA_NOUN)
    assert below["n00000001"] == ["n02512053", "n01503061"]
    assert all_below("n02512053", below) == {f"n{n:08}" for n in (2512053, 4, 5, 6)}
    assert all_below("n01503061", below) == {"n01503061"}


def test_table_is_derived_with_outsiders():
    """Members get their class, known others are marked, unknown others are left out."""
    table = derive(DATA_NOUN, ["n00000006", "n00000009"]).splitlines()
    assert "n00000006 fish" in table
    assert "n01503061 bird" in table
    assert f"n00000009 {OUTSIDE}" in table
    assert not [line for line in table if line.startswith("n00000001")]


def test_synset_of_two_classes_is_refused():
    """No synset may fall in two classes unnoticed."""
    both = "00000007 05 n 01 x 0 002 @ 02512053 n 0000 @ 01503061 n 0000 | flying fish\n"
    with pytest.raises(ValueError, match="n00000007"):
        derive(DATA_NOUN + both, [])


@pytest.mark.parametrize(
    ("synset", "superclass"),
    [
        ("n01440764", "fish"),  # tench
        ("n02102040", "mammal"),  # English springer
        ("n03000684", "tool"),  # chain saw
        ("n03394916", "instrument"),  # French horn
        ("n03417042", "vehicle"),  # garbage truck
        ("n07753592", "fruit"),  # banana
        ("n11939491", "flower"),  # daisy
        ("n01698640", "reptile"),  # American alligator
        ("n02056570", "bird"),  # king penguin
        ("n04099969", "furniture"),  # rocking chair
        ("n03028079", OUTSIDE),  # church
        ("n02979186", OUTSIDE),  # cassette player
    ],
)
def test_familiar_synsets_fall_where_they_should(synset, superclass):
    """Imagenette's ten and others, judged by what they are."""
    assert superclass_of()[synset] == superclass


def test_table_is_sound():
    """Sorted, one line a synset, known names only, and each class holds its own root."""
    lines = TABLE.read_text().splitlines()
    assert lines == sorted(set(lines))
    assert len(superclass_of()) == len(lines)
    assert all(re.fullmatch(r"n\d{8} [a-z]+", line) for line in lines)
    assert set(superclass_of().values()) == {*SUPERCLASSES, OUTSIDE}
    assert {superclass_of()[root]: root for root in SUPERCLASSES.values()} == SUPERCLASSES
