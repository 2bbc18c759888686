"""Raw files in a user's folder: as published, unpacked, or as torchvision or a clone keeps them."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from depthgauge.datasets.sources import Local, RawFile, Source


class MirrorFolder:
    """A folder that is searched once, when a file is not in one of the usual places."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sources(self, raw_set: str, file: RawFile) -> Iterator[Source]:
        """Yield where `file` may lie, the likeliest place first; its content decides.

        In a folder named after the data set, or flat, under its published name; then any file,
        however deep, of its name or of exactly its size.
        """
        names = dict.fromkeys((file.published_name(), file.name))
        usual = [self.path / folder / name for folder in (raw_set, "") for name in names]
        found = [each for each in usual if each.is_file()]
        yield from map(Local, found)
        others = [each for each in self._alike(file) if each not in found]
        yield from map(Local, others)
        if not found and not others:
            yield Local(self.path / file.published_name())

    def _alike(self, file: RawFile) -> list[Path]:
        """Return the files of the name of `file`, then of its published name, then of its size."""
        by_name = [
            p for name in (file.name, file.published_name()) for p in self._files if p.name == name
        ]
        by_size = [p for p, size in self._files.items() if file.exact and size == file.size]
        return list(dict.fromkeys(by_name + by_size))

    @cached_property
    def _files(self) -> dict[Path, int]:
        """Every file, sorted, with its size in bytes."""
        # what cannot be entered holds nothing for us, and a link may lead round in a circle
        found = (Path(folder, name) for folder, _, names in os.walk(self.path) for name in names)
        return {path: path.stat().st_size for path in sorted(found) if path.is_file()}
