"""The lists by which DVC learns of data sets that not every clone has.

data/extra.json {set: {file: sha256}}: prepared beside the pipeline's sets, an input of it.
data/prepared/pipeline.json {set: hash of its arrays}: prepared, and used by every clone.
data/prepared/all.json: those and the extra ones. A stage that depends on the first list alone does
not run again when an extra set comes; a set that is missing is an entry less, never a missing file.
"""

import json
from pathlib import Path

from depthgauge.datasets import catalogue
from depthgauge.datasets.prepared import described
from depthgauge.datasets.receipt import RawFolder
from depthgauge.errors import ConfigError, DataError
from depthgauge.files import write_text

Files = dict[str, str]
"""File: sha256 of its content."""


def extra_sets(root: Path) -> dict[str, Files]:
    """Return the extra sets of a project with their raw files, by name; none without a list.

    Raises DataError when the list is damaged or has a set that is none.
    """
    path = _extra_path(root)
    try:
        listed = json.loads(path.read_text(encoding="utf-8")).items()
        catalogue.require(name for name, _ in listed)
        return {name: dict(files) for name, files in listed}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, ConfigError) as error:
        raise DataError(
            f"{path} is damaged ({error}); restore it with `git checkout data/extra.json`"
        ) from error


def list_extra(root: Path, raw: RawFolder) -> None:
    """Add a set that was prepared to the extra ones, or renew its entry."""
    _write_extra(root, extra_sets(root) | {raw.name: raw.digests})


def forget_extra(root: Path, name: str) -> None:
    """Take a set off the extra ones; raises ConfigError when it is none of them."""
    listed = extra_sets(root)
    if name not in listed:
        among = ", ".join(sorted(listed)) or "nothing"
        raise ConfigError(f"dataset={name} is not in {_extra_path(root)}, which lists {among}")
    _write_extra(root, {other: files for other, files in listed.items() if other != name})


def list_prepared(root: Path) -> None:
    """Write both lists of prepared sets: the pipeline's alone, and with the extra ones."""
    pipeline = catalogue.PIPELINE
    for name, sets in (("pipeline", pipeline), ("all", (*pipeline, *extra_sets(root)))):
        hashes = {each: described(root, each)["hash"] for each in sets}
        text = json.dumps(hashes, indent=2, sort_keys=True) + "\n"
        write_text(root / "data" / "prepared" / f"{name}.json", text)


def prepared_extras(root: Path) -> list[str]:
    """Return the extra sets that the pipeline has prepared, by name; none without a list."""
    path = root / "data" / "prepared" / "all.json"
    try:
        return sorted(set(json.loads(path.read_text(encoding="utf-8"))) - set(catalogue.PIPELINE))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); run `dvc repro prepare`") from error


def _write_extra(root: Path, listed: dict[str, Files]) -> None:
    write_text(_extra_path(root), json.dumps(listed, indent=2, sort_keys=True) + "\n")


def _extra_path(root: Path) -> Path:
    return root / "data" / "extra.json"
