"""Bytes from an http or https host into a file: bounded in time and size, with a progress bar."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as wire
from tqdm import tqdm

from depthgauge.datasets.proxies import NO_PASSWORD, proxy_trouble
from depthgauge.datasets.sources import without_password

CHUNK = 1 << 16
Result = TypeVar("Result")


class SourceError(Exception):
    """Why one source will not do; the text says so in a few words."""


class UnreachableError(SourceError):
    """Nobody answers there; asking for another file is a waste of time."""


class WrongContentError(SourceError):
    """The file is there, but it is not the one that was published."""


class BrokenOffError(SourceError):
    """The transfer failed on the way; another attempt may succeed."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try."""

    connect: float = 10
    read: float = 30
    """The longest silence."""
    stall: float = 30
    """What brings fewer than `stall_bytes` in this time is given up, headers and all."""
    stall_bytes: int = 30_000
    overall: float = 4 * 3600
    """The longest transfer, however steadily its bytes come."""
    attempts: int = 3
    pause: float = 1
    """Before the second attempt; doubled before each further one."""


@dataclass
class Progress:
    """How far a transfer is; what is given up ends at its next bytes."""

    done: int = 0
    given_up: bool = False


def open_session(certificates: str | None = None) -> requests.Session:
    """Return a session that verifies hosts against `certificates` (a file) where given.

    It knows http and https only, so that a redirect elsewhere (file:, ftp:) is refused.
    """
    session = requests.Session()
    # identity: the stored bytes are wanted, not what a host makes of them on the way
    session.headers["Accept-Encoding"] = "identity"
    if certificates:
        session.verify = certificates
    return session


def download(
    session: requests.Session, url: str, target: Path, limit: int, patience: Patience
) -> None:
    """Write what `url` answers to `target`, at most `limit` bytes.

    Raises SourceError, saying why, when that cannot be had within `patience`.
    """

    def attempt(progress: Progress) -> None:
        _attempt(session, url, target, limit, patience, progress)

    persist(lambda: watched(attempt, patience), patience)


def persist(attempt: Callable[[], Result], patience: Patience) -> Result:
    """Return what `attempt` returns, trying again while it is broken off."""
    for number in range(1, patience.attempts):
        try:
            return attempt()
        except BrokenOffError:
            time.sleep(patience.pause * 2 ** (number - 1))
    return attempt()


def watched(work: Callable[[Progress], Result], patience: Patience) -> Result:
    """Return what `work` returns, unless it stalls; then it is left behind in its thread.

    A host may dribble a byte now and then, even of a header, where no time-out of a socket sees
    anything amiss. Raises BrokenOffError.
    """
    progress, outcome = Progress(), queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(progress), None))
        except BaseException as error:
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + patience.overall
    while True:
        before = progress.done
        try:
            result, error = outcome.get(timeout=patience.stall)
        except queue.Empty:
            if progress.done - before < patience.stall_bytes or time.monotonic() > end:
                progress.given_up = True
                raise BrokenOffError(f"stalled after {progress.done} bytes") from None
            continue
        if error is not None:
            raise error
        return result


def _attempt(
    session: requests.Session,
    url: str,
    target: Path,
    limit: int,
    patience: Patience,
    progress: Progress,
) -> None:
    try:
        with session.get(url, stream=True, timeout=(patience.connect, patience.read)) as answer:
            if answer.status_code == 407:
                raise UnreachableError(NO_PASSWORD)
            if answer.status_code >= 500 or answer.status_code == 429:
                raise BrokenOffError(f"answered {answer.status_code} {answer.reason}")
            if answer.status_code != 200:
                raise SourceError(f"answered {answer.status_code} {answer.reason}")
            _receive(answer, target, limit, progress)
    except requests.exceptions.InvalidSchema as error:
        if trouble := proxy_trouble(error):
            raise UnreachableError(trouble) from None
        raise SourceError("redirects to something that is neither http nor https") from None
    except requests.TooManyRedirects:
        raise SourceError("redirects without end") from None
    except requests.ConnectionError as error:
        raise no_answer(error, urlsplit(without_password(url)).netloc) from None
    except (requests.Timeout, wire.ReadTimeoutError):
        raise BrokenOffError(f"silent for {patience.read:g} s") from None
    except requests.exceptions.InvalidURL as error:
        trouble = proxy_trouble(error) or f"an address cannot be understood ({error})"
        raise UnreachableError(trouble) from None
    except (requests.RequestException, wire.HTTPError):  # fewer bytes than announced, for one
        raise BrokenOffError("broke off before its end") from None


def _receive(answer: requests.Response, target: Path, limit: int, progress: Progress) -> None:
    announced = answer.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() else None
    if total is not None and total > limit:
        raise SourceError(f"would send {total} bytes where {limit} at most are right")
    target.unlink(missing_ok=True)  # an attempt that was given up may still hold the old one
    with (
        target.open("wb") as file,
        tqdm(total=total, unit="B", unit_scale=True, desc=target.name, disable=None) as bar,
    ):
        # read1 hands over what has come; read would wait for a whole chunk, however slow
        while chunk := answer.raw.read1(CHUNK):
            if progress.given_up:
                return
            file.write(chunk)
            bar.update(len(chunk))
            progress.done += len(chunk)
            if progress.done > limit:
                raise SourceError(f"sends more than the {limit} bytes that are right")


def no_answer(error: requests.ConnectionError, host: str) -> SourceError:
    """Return what a failed connection means: no proxy, nobody there, or somebody who hung up."""
    if trouble := proxy_trouble(error):
        return UnreachableError(trouble)
    if isinstance(error, requests.exceptions.SSLError):
        return UnreachableError("its certificate is refused")
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, wire.NewConnectionError | wire.ConnectTimeoutError):
        return UnreachableError(f"no connection to {host}")
    return BrokenOffError("hung up before it answered")
