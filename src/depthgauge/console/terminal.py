"""The console that tables are printed on."""

from rich.console import Console

PIPED_WIDTH = 160
"""Columns of a table where no terminal says how wide it is."""


def console() -> Console:
    """Return a console of the terminal's width; piped, or with NO_COLOR set, it has no colours."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPED_WIDTH)
