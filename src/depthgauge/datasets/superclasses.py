"""From an ImageNet synset to one of the paper's ten classes, by WordNet's noun hierarchy.

Source: Glorot and Bengio, section 2.2 (Small-ImageNet); WordNet 3.0, whose data-file offsets are
ImageNet's identifiers.
"""

from functools import cache
from pathlib import Path

SUPERCLASSES = {
    "reptile": "n01661091",
    "vehicle": "n04524313",
    "bird": "n01503061",
    "mammal": "n01861778",
    "fish": "n02512053",
    "furniture": "n03405725",
    "instrument": "n03800933",
    "tool": "n04451818",
    "flower": "n11669921",
    "fruit": "n13134947",
}
"""The paper's classes in its order, with the synset each stands for."""

OUTSIDE = "none"
"""Marks a synset of ILSVRC2012 that belongs to none of them."""

TABLE = Path(__file__).with_name("superclasses.txt")
"""Written by derive_superclasses.py."""


@cache
def superclass_of() -> dict[str, str]:
    """Return superclass (or OUTSIDE) by synset, for all synsets that are known."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines)
