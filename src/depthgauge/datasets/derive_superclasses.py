"""Derive superclasses.txt from WordNet 3.0's noun hierarchy; run by hand, its result is committed.

    python -m depthgauge.datasets.derive_superclasses /usr/share/wordnet/data.noun ILSVRC.txt

data.noun is Debian's (package wordnet-base); ILSVRC.txt lists the 1,000 synsets of ILSVRC2012, one
a line, so that those outside the ten superclasses are known too (any list of them will do, such as
imagenet_synsets.txt in the wheel of timm).
"""

import sys
from collections import defaultdict
from pathlib import Path

from depthgauge.datasets.superclasses import OUTSIDE, SUPERCLASSES, TABLE

HYPERNYM = "@"
"""WordNet's pointer from a synset to the more general one (wninput(5WN))."""


def hyponyms(data_noun: str) -> dict[str, list[str]]:
    """Return, for each synset of a WordNet data file, the synsets right below it.

    A line: offset, file number, n, word count (hexadecimal), words with their lex ids, pointer
    count, then per pointer symbol, offset, part of speech, source/target (wndb(5WN)).
    """
    below = defaultdict(list)
    for line in data_noun.splitlines():
        if line.startswith("  "):
            continue  # the licence at the head
        fields = line.partition(" | ")[0].split()
        at = 4 + 2 * int(fields[3], 16)
        for pointer in range(int(fields[at])):
            symbol, offset = fields[at + 1 + 4 * pointer : at + 3 + 4 * pointer]
            if symbol == HYPERNYM:
                below[f"n{offset}"].append(f"n{fields[0]}")
    return below


def all_below(synset: str, below: dict[str, list[str]]) -> set[str]:
    """Return `synset` and everything under it."""
    found, open_ends = {synset}, [synset]
    while open_ends:
        for child in below.get(open_ends.pop(), []):
            if child not in found:
                found.add(child)
                open_ends.append(child)
    return found


def derive(data_noun: str, known: list[str]) -> str:
    """Return the table: a line "synset superclass" for each member, and each other of `known`."""
    below = hyponyms(data_noun)
    table = dict.fromkeys(known, OUTSIDE)
    for name, synset in SUPERCLASSES.items():
        members = all_below(synset, below)
        twice = {member for member in members if table.get(member, OUTSIDE) != OUTSIDE}
        if twice:
            raise ValueError(f"{sorted(twice)} belong to {name} and to another superclass")
        table.update(dict.fromkeys(members, name))
    return "".join(f"{synset} {name}\n" for synset, name in sorted(table.items()))


if __name__ == "__main__":
    noun_file, known_file = map(Path, sys.argv[1:])
    TABLE.write_text(derive(noun_file.read_text(), known_file.read_text().split()))
