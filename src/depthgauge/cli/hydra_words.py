"""The words after `depthgauge train`, in the order and with the folders that Hydra needs."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from depthgauge.planning.models import offer_models, offer_models_of

FOLDERS = ("--config-dir", "-cd", "--config-path", "-cp")
VALUED = ("--config-name", "-cn", "--cfg", "-c", "--package", "-p")
"""Options of Hydra's that take a value other than a folder."""
SHOWS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--version", "--shell-completion", "-sc")
"""Options of Hydra's that print something and train nothing."""


def ordered(words: Sequence[str]) -> list[str]:
    """Return Hydra's words: options first, as argparse wants them, and folders as seen from here.

    Words on both sides of an option would not be read.
    """
    first, options, rest = [], [], []
    left = [each for each in words if each != "--dry-run"]
    while left:
        word = left.pop(0)
        option, is_one_word, folder = word.partition("=")
        if word in ("-m", "--multirun", "--resolve"):
            first.append("--multirun" if word == "-m" else word)
        elif option in FOLDERS and is_one_word:
            options.append(f"{option}={Path(folder).absolute()}")
        elif option in FOLDERS and left:
            options += [word, str(Path(left.pop(0)).absolute())]
        elif option in VALUED and not is_one_word and left:
            options += [word, left.pop(0)]
        else:
            rest.append(word)
    return [*dict.fromkeys(first), *options, *rest]


def offer_models_to(words: Sequence[str]) -> None:
    """Make the models of the page that Hydra's words choose the options of `model`.

    Where no word chooses a model, the sweep does that when it knows the page.
    """
    if option_of(words, "model") is None:
        offer_models(None)
        return
    conf = option_of(words, "--config-path", "-cp") or str(Path("conf").absolute())
    own = option_of(words, "--config-dir", "-cd")
    found = [f"hydra.searchpath=['file://{own}']"] if own else []
    name = option_of(words, "--config-name", "-cn") or "config"
    offer_models_of(Path(conf), name, [*words, *found])


def option_of(words: Sequence[str], *names: str) -> str | None:
    """Return the value of an option, given as one word or as two; None where it is not given."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        option, is_one_word, value = word.partition("=")
        if option in names:
            return value if is_one_word else following
    return None
