"""What a source says, read from a file of entries: one claim for each, or an error that says why.

Nothing in a file is ignored: an unknown field, name or argument is refused with a sentence.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import xarray as xr

from depthgauge.claims import convergence, rates
from depthgauge.claims.claim import Claim, every_replica, no_doubt
from depthgauge.claims.entries import Fields, document, entries, filled
from depthgauge.claims.named import asked, call, functions, reader
from depthgauge.claims.nature import Nature
from depthgauge.claims.rule_names import RULES
from depthgauge.claims.rules import Rule
from depthgauge.claims.statistics import Values
from depthgauge.errors import ConfigError

REQUIRED = (
    *("id", "cite", "statement", "nature", "study", "cells", "estimate", "rule", "unit"),
    *("figure", "updates"),
)
OPTIONAL = (
    *("place", "quote", "says", "published", "updates_needed", "dataset", "rest", "doubt"),
    "replicas",
)

SHARED = functions(convergence, rates)
"""Functions that every file may name, in addition to those of its source."""

_LAYERS = re.compile(r"(\d+) x (\d+)")


@dataclass(frozen=True)
class Register:
    """The claims of one file, and the tables of numbers and names that figures share with it."""

    claims: tuple[Claim, ...]
    tables: Mapping[str, Any]
    readers: Mapping[str, Callable[..., Any]]
    """Functions that its entries may name, in addition to SHARED."""


def register_beside(module: str) -> Register:
    """Return the register in the claims.yaml next to a module of this package.

    Its readers are the public functions of all other modules of that folder.
    """
    package = module.rpartition(".")[0]
    names = [each.name for each in iter_modules(import_module(package).__path__)]
    modules = [import_module(f"{package}.{name}") for name in names if name != "register"]
    return load(Path(str(files(package) / "claims.yaml")), functions(*modules))


def load(path: Path, known: Mapping[str, Callable[..., Any]]) -> Register:
    """Return the register in a YAML file whose estimates are among the functions `known`.

    Raises ConfigError, whose sentence names the file and the claim, for whatever is not understood.
    """
    found = document(path)
    by_id: dict[str, Claim] = {}
    for entry, variables in entries(found, path.name):
        claim = _claim(entry, {**found["tables"], **variables}, {**SHARED, **known}, path.name)
        if claim.id in by_id:
            raise ConfigError(f"{path.name} holds the claim {claim.id} twice")
        by_id[claim.id] = claim
    return Register(tuple(by_id.values()), found["tables"], known)


def _claim(
    entry: Fields, names: Fields, known: Mapping[str, Callable[..., Any]], file: str
) -> Claim:
    """Return the claim of one entry, its templates filled in."""
    where = f"{file}, {entry.get('id', 'a claim without id')}"
    published = _published(filled(entry.get("published"), names, where), where)
    fields = filled({**entry, "published": None}, {**names, "published": published}, where)
    where = f"{file}, {fields.get('id', 'a claim without id')}"
    _check(fields, where)
    rule = _rule(fields["rule"], f"{where}: rule")
    if fields["nature"] == Nature.number and not (rule.judges_number and published is not None):
        raise ConfigError(f"{where}: a number needs `published`, and a rule that judges it")
    return Claim(
        id=fields["id"],
        source=_source(fields),
        statement=fields["statement"],
        nature=Nature(fields["nature"]),
        study=fields["study"],
        cells=tuple(_cell(each, where) for each in fields["cells"]),
        estimate=reader(known, fields["estimate"], "cells", Values, f"{where}: estimate"),
        rule=rule,
        unit=fields["unit"],
        figure=fields["figure"],
        updates=fields["updates"],
        updates_needed=fields.get("updates_needed"),
        published=published,
        dataset=fields.get("dataset", "mnist"),
        convergence=_doubt(known, fields, "rest", convergence.cut_short, where),
        doubt=_doubt(known, fields, "doubt", no_doubt, where),
        select=reader(known, fields["replicas"], "cell", xr.Dataset, f"{where}: replicas")
        if "replicas" in fields
        else every_replica,
    )


def _check(fields: Fields, where: str) -> None:
    """Raise ConfigError unless the fields are known, complete and of the right kind."""
    lacking = [key for key in REQUIRED if key not in fields]
    unknown = [key for key in fields if key not in (*REQUIRED, *OPTIONAL)]
    if lacking or unknown:
        wrong = [f"lacks {', '.join(lacking)}"] if lacking else []
        wrong += [f"has unknown fields: {', '.join(unknown)}"] if unknown else []
        raise ConfigError(f"{where} {' and '.join(wrong)}")
    words = ("id", "cite", "statement", "study", "unit", "figure", "place", "quote", "says")
    for key in (*words, "dataset"):
        if not isinstance(fields.get(key, ""), str):
            raise ConfigError(f"{where}: {key} is {fields[key]!r}, which is not text")
    for key in ("updates", "updates_needed"):
        if not isinstance(fields.get(key, 0), int) or fields.get(key, 0) < 0:
            raise ConfigError(f"{where}: {key} is {fields[key]!r}, which is not a number of steps")
    if fields["nature"] not in set(Nature):
        raise ConfigError(f"{where}: nature is {fields['nature']!r}; take {', '.join(Nature)}")
    if fields["nature"] == Nature.sentence and not {"quote", "says"} & set(fields):
        raise ConfigError(f"{where}: a sentence needs `quote`, or `says` in our own words")
    if not isinstance(fields["cells"], list) or not fields["cells"]:
        raise ConfigError(f"{where}: cells is a list with one mapping for each cell")


def _source(fields: Fields) -> str:
    """Return who says it, where, and the sentence, which is quoted or in our words."""
    place = ", ".join(filter(None, (fields["cite"], fields.get("place"))))
    words = f'"{fields["quote"]}"' if "quote" in fields else fields.get("says", "")
    return f"{place}: {words}" if words else place


def _published(value: Any, where: str) -> float | tuple[float, ...] | None:
    """Return a number, the difference of two, or the numbers of a curve."""
    if isinstance(value, dict) and set(value) == {"difference"}:
        first, second = (_number(each, where) for each in value["difference"])
        return round(first - second, 6)
    if isinstance(value, list):
        return tuple(_number(each, where) for each in value)
    return None if value is None else _number(value, where)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{where}: published is {value!r}, which is not a number")
    return value


def _cell(keys: Any, where: str) -> dict[str, Any]:
    """Return keys of a cell's config; hidden layers may be given as in 30 x 4."""
    if not isinstance(keys, dict):
        raise ConfigError(f"{where}: a cell is a mapping, as in {{hidden: 30 x 4}}")
    hidden = keys.get("hidden")
    if not isinstance(hidden, str):
        return keys
    if not _LAYERS.fullmatch(hidden):
        raise ConfigError(f"{where}: hidden is {hidden!r}; give units x layers, as in 30 x 4")
    return {**keys, "hidden": hidden_layers(hidden)}


def hidden_layers(text: str) -> list[int]:
    """Return [30, 30] for "30 x 2"."""
    units, layers = map(int, text.split(" x "))
    return [units] * layers


def _rule(value: Any, where: str) -> Rule:
    name, arguments = asked(value, where)
    if name not in RULES:
        raise ConfigError(f"{where} is {name}, which is none of {', '.join(sorted(RULES))}")
    rule: Rule = call(RULES[name], arguments, f"{where} {name}")
    return rule


def _doubt(
    known: Mapping[str, Callable[..., Any]],
    fields: Fields,
    key: str,
    default: Callable[..., str],
    where: str,
) -> Callable[..., str]:
    """Return the function that says why a run does not decide the claim."""
    if key not in fields:
        return default
    return reader(known, fields[key], "cells", str, f"{where}: {key}")
