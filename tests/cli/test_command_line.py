"""The words of the command itself: its version, and what a command lacks."""

from importlib.metadata import version


def test_the_version_is_the_packages(depthgauge):
    """One line, as from other tools."""
    assert depthgauge("--version") == (0, f"depthgauge {version('depthgauge')}\n", "")


def test_a_side_that_is_missing_is_named_and_nothing_else(depthgauge):
    """`compare` takes two sides and no key."""
    code, _, err = depthgauge("compare", "old.json")
    assert code == 2 and err.endswith("error: the following arguments are required: B\n")
