"""The grid that a page and a command line describe: its axes, and the words of each job."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from math import prod
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from depthgauge.errors import ConfigError

MOST_CELLS = 100_000
"""Of one sweep; each has a folder."""


class Grid:
    """The Cartesian grid of the page's axes and the command line's, in this order.

    A word of the command line replaces the page's axis of the same key. Axes are the page's, and
    what the command line sweeps over: key=a,b, choice(), range() and glob().
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> None:
        """Read the axes in `master.hydra.sweeper.params`, then `words`, those of the task.

        Raises ConfigError for an interval, for an axis without values and for too many cells;
        HydraException for what Hydra cannot read.
        """
        page = [f"{key}={value}" for key, value in _params(master).items()]
        parsed = OverridesParser.create(config_loader=loader).parse_overrides([*page, *words])
        found: dict[str, tuple[bool, list[str]]] = {}
        for place, word in enumerate(parsed):
            is_axis = place < len(page) or word.is_sweep_override()
            found[word.get_key_element()] = is_axis, _words_of(word)
        self.axes = [key for key, (is_axis, _) in found.items() if is_axis and key != "study"]
        self._words = [words for _, words in found.values()]
        cells = prod(len(words) for words in self._words)
        if cells > MOST_CELLS:
            sizes = " x ".join(str(len(words)) for words in self._words if len(words) > 1)
            raise ConfigError(
                f"the grid has {sizes} cells or more; at most {MOST_CELLS} are possible: give an"
                " axis fewer values, or train a part of it at a time"
            )

    def jobs(self) -> Iterator[list[str]]:
        """Yield the words of each job; the last axis varies fastest."""
        return (list(words) for words in product(*self._words))


def _params(master: DictConfig) -> Mapping[str, Any]:
    """Return the page's axes; ConfigError where they are not a table of keys with values."""
    params = master.hydra.sweeper.params or {}
    if not isinstance(params, Mapping) or any(map(OmegaConf.is_dict, params.values())):
        raise ConfigError(
            f"invalid hydra.sweeper.params={params}: write each axis as key: values, such as"
            ' activation: "sigmoid,tanh" or gradients.every: "5,10"'
        )
    return params


def _words_of(word: Override) -> list[str]:
    """Return key=value for each value of a word, at most one more than a sweep may have."""
    key = word.get_key_element()
    if word.is_delete():
        return [str(word.input_line)]
    if not word.is_sweep_override():
        return [f"{key}={word.get_value_element_as_str()}"]
    if not word.is_discrete_sweep():
        raise ConfigError(
            f"{word.input_line}: a grid needs values, as from range() or choice(); a sweeper that"
            " searches takes an interval, as hydra/sweeper=optuna does"
        )
    found = [f"{key}={value}" for value in islice(word.sweep_string_iterator(), MOST_CELLS + 1)]
    if not found:
        raise ConfigError(f"{word.input_line} has no value; correct it, or leave it out")
    return found
