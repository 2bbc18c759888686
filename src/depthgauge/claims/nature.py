"""What a claim is: something that a source published, mathematics, or a finding of this project."""

from enum import StrEnum


class Nature(StrEnum):
    """Only numbers and sentences are a source's own."""

    number = "number"
    """A number that a source prints, or that can be read off data that it publishes."""
    sentence = "sentence"
    """A statement of a source."""
    mathematics = "mathematics"
    """An identity, a bound, or a constant of a formula: no network could refute it."""
    finding = "finding"
    """What this project measured and nobody claimed."""
