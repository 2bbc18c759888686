"""Import paths as labels show them: their last part, or as many as set them apart."""

from collections.abc import Iterable


def short_names(values: Iterable[object]) -> dict[str, str]:
    """Return import path -> its last parts, as few as no other of the `values` ends in.

    What is no import path is left out.
    """
    paths = {each for each in values if isinstance(each, str) and _looks_like_a_path(each)}
    return {path: _shortest(path, paths - {path}) for path in sorted(paths)}


def _shortest(path: str, others: set[str]) -> str:
    parts = path.split(".")
    for count in range(1, len(parts)):
        end = ".".join(parts[-count:])
        if not any(f".{other}".endswith(f".{end}") for other in others):
            return end
    return path


def _looks_like_a_path(text: str) -> bool:
    return "." in text and all(part.isidentifier() for part in text.split("."))
