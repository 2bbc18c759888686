"""A user's own archive in place of what hosts offer."""

import re
from dataclasses import replace
from pathlib import Path

from depthgauge.datasets.archives import open_archive
from depthgauge.datasets.content import digest_of, has_digest
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.imagenet_archives import Labels
from depthgauge.datasets.small_imagenet import by_class
from depthgauge.datasets.sources import Local, RawSet
from depthgauge.errors import ConfigError, DataError, ResourceError


def adopt(
    raw_set: RawSet,
    path: Path,
    sha256: str | None,
    folder: Path,
    fetcher: Fetcher,
    labels: Labels | None = None,
) -> None:
    """Take the user's archive or folder at `path` as the one raw file of `raw_set`, into `folder`.

    An archive must have the published digest, or the `sha256` that the user vouches for. Of a data
    set that nobody publishes (ImageNet itself) there is no digest, and it is linked, not copied;
    so is the unpacked folder of a set of photographs. Photographs must have `labels` that are
    known. Raises ConfigError or DataError otherwise.
    """
    if len(raw_set.files) != 1:
        raise ConfigError(
            f"{raw_set.name} is not a single archive, so file= cannot name it;"
            " put its files in a folder and set DEPTHGAUGE_MIRROR to that folder"
        )
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ConfigError(f"invalid sha256={sha256}: give 64 hexadecimal digits, lower case")
    archive = open_archive(path)  # refuses other files
    file = raw_set.files[0]
    if path.is_dir() and sha256:
        raise ConfigError(f"{path} is a folder, which has no sha256; leave sha256= out")
    if path.is_dir() and file.digest and not labels:
        raise ConfigError(f"{path} is a folder; give the archive of {raw_set.name} itself")
    if labels:
        by_class(labels(archive, archive.names()), str(path))
    if path.is_dir() or not file.digest:
        _link(path.resolve(), folder / file.name)
        return
    digest = f"sha256:{sha256}" if sha256 else file.digest
    if not has_digest(path, digest):
        raise DataError(
            f"{path} is not the published {file.name} ({digest} is right);"
            f" if you trust it, add sha256={digest_of(path, 'sha256').partition(':')[2]}"
        )
    given = replace(file, sources=(Local(path),), digest=digest, exact=not sha256 and file.exact)
    replace(fetcher, mirror=None).fetch(replace(raw_set, files=(given,)), folder)


def _link(target: Path, link: Path) -> None:
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        temporary = link.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)
    except OSError as error:
        raise ResourceError(
            f"cannot write {link}: {error.strerror}; make its folder writable"
        ) from error
