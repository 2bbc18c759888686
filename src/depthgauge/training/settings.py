"""Which settings each procedure reads; any other that is given is refused.

Nothing here imports torch, so that planning is quick, and none of it is part of a record's key.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from depthgauge.config import Config, Experiment, plain
from depthgauge.config.experiment import INSTRUMENTS
from depthgauge.errors import ConfigError

_DESCENT = {
    *("dataset", "hidden", "activation", "init", "cost", "train_size", "batch_size", "steps"),
    *("precision", "learning_rate", *INSTRUMENTS),
}

READS: dict[str, set[str]] = {
    "capacity": {*_DESCENT, "l2", "capacity"},
    "chain": {"hidden", "init"},
    "descent": {*_DESCENT, "l2", "output_bias"},
    "pretraining": {*_DESCENT, "l2", "pretraining"},
    "remedies": {*_DESCENT, "remedy", "pretraining"},
    "second_order": {*_DESCENT, "step_sizes"},
    "support_vectors": {
        *("dataset.name", "dataset.divide", "dataset.subtract", "train_size", "support_vectors"),
        "steps",  # where its curves have their one point
    },
    "surfaces": {
        *("hidden", "init", "batch_size", "surface"),
        "activation",  # which must be tanh
    },
}
"""Procedure (training/procedures.py) -> the keys and sections of keys that it reads."""


@dataclass(frozen=True)
class Need:
    """A key or section that is read only where another key has some value."""

    name: str
    switch: str
    value: str
    met: Callable[[Experiment], bool]


def _of_instrument(name: str) -> Need:
    return Need(name, f"{name}.every", "above 0", lambda each: getattr(each, name).every > 0)


def _of_identities(name: str) -> Need:
    return Need(name, "activation", "sigmoid", lambda each: each.activation == "sigmoid")


NEEDS = [
    *(_of_instrument(name) for name in INSTRUMENTS if name != "gradients"),
    Need("learning_rate", "steps", "above 0", lambda each: each.steps > 0),
    Need("pretraining", "pretraining.steps", "above 0", lambda each: each.pretraining.steps > 0),
    _of_identities("capacity.inserted"),
    _of_identities("capacity.weights"),
    Need(
        "gradients",  # remedy.unit_variance looks at the same images
        "gradients.every",
        "above 0",
        lambda each: each.gradients.every > 0 or each.remedy.unit_variance,
    ),
    Need("gradients.window", "gradients.batch", "true", lambda each: each.gradients.batch),
]
"""The switches themselves, `every` and `steps`, have no such condition."""

_SWITCHES = {"pretraining.steps", *(f"{name}.every" for name in INSTRUMENTS)}
_ALWAYS = {("remedies", "evaluation.images")}  # of which images it names the commonest class


RUNNING = {
    "procedure",
    *({each.name for each in fields(Config)} - {each.name for each in fields(Experiment)}),
} - {"learning_rate"}
"""Settings that are read whatever the procedure."""


def require_known(procedure: str) -> None:
    """Raise ConfigError unless there is such a procedure."""
    if procedure not in READS:
        known = ", ".join(READS)
        raise ConfigError(f"procedure={procedure} is unknown; choose one of {known}")


def require_settings_read(config: Config, swept: Iterable[str], words: Container[str] = ()) -> None:
    """Raise ConfigError for a key that is given, or `swept`, and that nothing reads.

    What is swept must matter to this cell, which would else be computed again under another label.
    What is given may be for another cell: one whose procedure, or other switch, the sweep or the
    page's `models` set otherwise. What a page says of an instrument is idle, and no mistake, where
    the command line switches that off; `words` are the keys that the command line gives.
    """
    require_known(config.procedure)
    swept, values, usual = set(swept), dict(_leaves(config)), dict(_leaves(Config()))
    for name in swept:
        keys = [key for key in values if _within(key, {name})]
        reasons = {key: _unread(key, config, config.procedure) for key in keys}
        if keys and all(reasons.values()):
            _refuse(keys[0], values, reasons[keys[0]])
    procedures = [config.procedure, *sorted(_others(config, swept))]
    for key, value in values.items():
        if value not in (usual[key], _idle(key, usual)):
            reasons = {each: _unread(key, config, each, swept) for each in procedures}
            if all(reasons.values()) and not _switched_off(key, config, words):
                _refuse(key, values, reasons[config.procedure])


def _others(config: Config, swept: set[str]) -> set[str]:
    """Return the procedures that other cells of the page or of the sweep may have."""
    if "procedure" in swept:
        return set(READS)
    bundles = [each for each in config.models.values() if isinstance(each, dict)]
    return {each["procedure"] for each in bundles if each.get("procedure") in READS}


def _refuse(key: str, values: dict[str, Any], reason: str) -> None:
    raise ConfigError(f"{key}={plain(values[key])} would change nothing: {reason}; leave it out")


def as_read(experiment: Experiment) -> Experiment:
    """Return `experiment` with every key that its procedure does not read at its default.

    Instruments that it does not have are off. So cells that differ in nothing else have one key.
    """
    usual = dict(_leaves(Experiment()))
    found = deepcopy(experiment)  # replace() would check values again that nothing reads
    for key, _ in _leaves(experiment):
        if _unread(key, experiment, experiment.procedure):
            *section, name = key.split(".")
            setattr(getattr(found, section[0]) if section else found, name, _idle(key, usual))
    return found


def _unread(key: str, experiment: Experiment, procedure: str, swept: Container[str] = ()) -> str:
    """Return why `procedure` does not read a key, "" where it does.

    A switch that is `swept`, by itself or with a model, is on in some cell.
    """
    if key not in RUNNING and not _within(key, READS[procedure]):
        readers = ", ".join(each for each, names in READS.items() if _within(key, names))
        return f"procedure={procedure} does not read it, only {readers}"
    if key in _SWITCHES or (procedure, key) in _ALWAYS:
        return ""
    for need in NEEDS:
        varies = need.switch in swept or "model" in swept
        if _within(key, {need.name}) and not varies and not need.met(experiment):
            return f"it needs {need.switch} {need.value}"
    return ""


def _switched_off(key: str, experiment: Experiment, words: Container[str]) -> bool:
    """Whether the command line gives the switch that a key needs, and not the key itself."""
    needs = [need for need in NEEDS if _within(key, {need.name}) and not need.met(experiment)]
    return key not in words and any(need.switch in words for need in needs)


def _within(key: str, names: set[str]) -> bool:
    """Whether `names` has the dotted key itself, or the section that it is in."""
    return key in names or key.partition(".")[0] in names


def _idle(key: str, usual: dict[str, Any]) -> Any:
    """Return the value of a key that nothing reads: its default; 0 for a switch."""
    return 0 if key in _SWITCHES else usual[key]


def _leaves(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    """Yield every key, dotted where it is in a section, with its value."""
    for each in fields(experiment):
        value = getattr(experiment, each.name)
        if is_dataclass(value):
            yield from ((f"{each.name}.{at.name}", getattr(value, at.name)) for at in fields(value))
        else:
            yield each.name, value
