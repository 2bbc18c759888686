"""The entries of a register file, before they are claims: shared fields, loops, and templates.

A file of claims is YAML: `source` (a citation), `tables` and `files` (numbers and names, said
once), `shared` (fields of all entries) and `groups`, each with `shared` fields and a list of
`claims`. docs/claims.md shows one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from depthgauge.errors import ConfigError

if TYPE_CHECKING:
    from yaml import SafeLoader
else:  # libyaml's is ten times as fast, where it is there
    SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Fields = dict[str, Any]

TOP = {"source", "readers", "files", "tables", "shared", "groups"}
GROUP = {"shared", "claims"}

_REFERENCE = re.compile(r"\{(\w+)((?:\[[\w.]+\])*)(?::([^{}]+))?\}")
"""As in {depth}, {accuracy[depth]} or {published:.2f}; keys in brackets are names or literals."""


class _Loader(SafeLoader):
    """YAML's safe loader, which also refuses a key that is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; raises ConstructorError for a key that is there twice."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice[0]!r} is there twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def document(path: Path) -> Fields:
    """Return a register file with its tables complete; raises ConfigError for any other file."""
    try:
        found = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path.name} is not a register of claims: {error}") from None
    only(found, TOP, path.name)
    found.setdefault("tables", {})
    for name, file in found.get("files", {}).items():
        found["tables"][name] = json.loads((path.parent / file).read_text(encoding="utf-8"))
    return found


def entries(found: Mapping[str, Any], where: str) -> Iterator[tuple[Fields, Fields]]:
    """Return each entry with its loop's variables, one for each round of its loop.

    An entry holds the shared fields of the file and of its group, unless it has its own.
    """
    for group in found.get("groups", []):
        only(group, GROUP, f"a group of {where}")
        for claim in group.get("claims", []):
            only(claim, None, f"a claim of {where}")
            entry = {**found.get("shared", {}), **group.get("shared", {}), **claim}
            rounds = entry.pop("for", {})
            for variables in _rounds(rounds, f"{where}, {entry.get('id')}"):
                yield entry, variables


def only(found: Any, known: set[str] | None, where: str) -> None:
    """Raise ConfigError unless `found` is a mapping with known keys alone (None: any)."""
    if not isinstance(found, dict):
        raise ConfigError(f"{where} is not a mapping of fields")
    unknown = sorted(map(str, set(found) - known)) if known else []
    if unknown and known:
        raise ConfigError(
            f"{where} has unknown fields: {', '.join(unknown)}; known ones are"
            f" {', '.join(sorted(known))}"
        )


def _rounds(loop: Any, where: str) -> list[Fields]:
    """Return the variables of each round: rows as they are, lists by their Cartesian product."""
    if isinstance(loop, list) and all(isinstance(row, dict) for row in loop):
        return loop
    if isinstance(loop, dict) and all(isinstance(values, list) for values in loop.values()):
        return [dict(zip(loop, values, strict=True)) for values in product(*loop.values())]
    raise ConfigError(f"{where}: `for` takes a list of rows, or lists of values by name")


def filled(value: Any, names: Mapping[str, Any], where: str) -> Any:
    """Return `value` with each {reference} replaced; one that stands alone keeps its type.

    Raises ConfigError for a name or key that is not there.
    """
    if isinstance(value, dict):
        return {key: filled(each, names, where) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, names, where) for each in value]
    if not isinstance(value, str):
        return value
    if (whole := _REFERENCE.fullmatch(value)) and not whole[3]:
        return _looked_up(whole, names, where)
    return _REFERENCE.sub(
        lambda found: format(_looked_up(found, names, where), found[3] or ""), value
    )


def _looked_up(found: re.Match[str], names: Mapping[str, Any], where: str) -> Any:
    keys = [found[1], *re.findall(r"\[([\w.]+)\]", found[2])]
    value: Any = names
    for position, key in enumerate(keys):
        key = names.get(key, key) if position else key
        try:
            value = _item(value, key)
        except (LookupError, AttributeError, ValueError):
            raise ConfigError(f"{where}: {found[0]} refers to {key}, which is not there") from None
    return value


def _item(value: Any, key: Any) -> Any:
    """Return an entry of a mapping, whose keys may be numbers or words, or of a list, from 1 on."""
    if isinstance(value, list):
        if int(key) < 1:
            raise IndexError(key)
        return value[int(key) - 1]
    return {str(known): each for known, each in value.items()}[str(key)]
