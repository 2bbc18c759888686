"""Bytes from an http or https host into a file: bounded in time and size, with a progress bar."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as wire
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util import Retry

from depthgauge.datasets.sources import without_password

CHUNK = 1 << 16
PROXY = "the proxy; check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
NO_PASSWORD = f"a user name and password (407) are required by {PROXY}"
Result = TypeVar("Result")


class SourceError(Exception):
    """Why a source cannot be used, in a few words."""


class UnreachableError(SourceError):
    """There is no connection; asking the same host for another file would waste time."""


class WrongContentError(SourceError):
    """The file is there, but it is not the published one."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try."""

    connect: float = 10
    read: float = 30
    """The longest silence."""
    answer: float = 150
    """From a request to the end of the answer's headers, over all attempts."""
    stall: float = 30
    """A transfer may be slow for this long."""
    slowest: float = 1000
    """Bytes a second, on average, that a transfer must bring after that."""
    overall: float = 4 * 3600
    """The longest transfer."""
    attempts: int = 3
    pause: float = 1

    def timeout(self) -> tuple[float, float]:
        """Return what requests calls the timeout: to connect, and between bytes."""
        return self.connect, self.read


def open_session(
    certificates: str | None = None, patience: Patience | None = None
) -> requests.Session:
    """Return a session that verifies hosts against `certificates` (a file) where given.

    It asks again when a host is busy or hangs up before it answers. It knows http and https only,
    so that a redirect elsewhere (file:, ftp:) is refused.
    """
    patience = patience or Patience()
    again = patience.attempts - 1
    retry = Retry(
        total=None,
        connect=0,
        read=again,
        status=again,
        other=0,
        status_forcelist=[429, *range(500, 600)],
        backoff_factor=patience.pause,
        raise_on_status=False,
    )
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    # identity: the stored bytes are wanted, not what a host makes of them on the way
    session.headers["Accept-Encoding"] = "identity"
    if certificates:
        session.verify = certificates
    return session


def download(
    session: requests.Session, url: str, target: Path, limit: int, patience: Patience
) -> None:
    """Write what `url` answers to `target`, at most `limit` bytes.

    A transfer that breaks off is resumed where the host can. Raises SourceError, saying why, when
    the file cannot be had within `patience`.
    """
    target.unlink(missing_ok=True)
    host = urlsplit(without_password(url)).netloc
    for attempts_left in reversed(range(patience.attempts)):
        done = target.stat().st_size if target.exists() else 0
        try:
            with ask(partial(_get, session, url, done, patience), host, patience) as answer:
                kept = done if answer.status_code == requests.codes.partial_content else 0
                _receive(answer, target, kept, limit, patience)
            return
        except wire.HTTPError as error:
            if not attempts_left:
                silent = isinstance(error, wire.ReadTimeoutError)
                reason = f"silent for {patience.read:g} s" if silent else "broke off before its end"
                raise SourceError(reason) from None
            time.sleep(patience.pause)


def ask(request: Callable[[], Result], host: str, patience: Patience) -> Result:
    """Return what `request` returns, run in a thread of its own; raises SourceError.

    A host may send a byte of a header now and then, which no time-out of a socket notices: its
    thread is abandoned.
    """
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(request())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(patience.answer)
    except requests.RequestException as error:
        raise _explained(error, host, patience) from None
    except TimeoutError:
        raise UnreachableError(f"no answer within {patience.answer:g} s") from None


def _get(session: requests.Session, url: str, done: int, patience: Patience) -> requests.Response:
    """Ask for what follows the first `done` bytes."""
    span = {"Range": f"bytes={done}-"} if done else {}
    answer = session.get(url, headers=span, stream=True, timeout=patience.timeout())
    if not answer.ok:
        answer.close()
    answer.raise_for_status()
    return answer


def _receive(
    answer: requests.Response, target: Path, done: int, limit: int, patience: Patience
) -> None:
    """Write the body to `target`, behind the first `done` bytes."""
    announced = answer.headers.get("Content-Length", "")
    total = done + int(announced) if announced.isdecimal() else None
    if total is not None and total > limit:
        raise SourceError(f"would send {total} bytes, more than the expected {limit}")
    begun = time.monotonic()
    with (
        target.open("ab" if done else "wb") as file,
        tqdm(
            total=total, initial=done, unit="B", unit_scale=True, desc=target.name, disable=None
        ) as bar,
    ):
        # read1 hands over what has come; read would wait for a whole chunk, however slow
        while chunk := answer.raw.read1(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > limit:
                raise SourceError(f"sends more than the expected {limit} bytes")
            spent = time.monotonic() - begun
            slow = spent > patience.stall and file.tell() - done < patience.slowest * spent
            if slow or spent > patience.overall:
                raise SourceError(f"stalled after {file.tell()} bytes")


def _explained(error: requests.RequestException, host: str, patience: Patience) -> SourceError:
    """Return what a failed request says about the host, or about the proxy of this machine."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    match error:
        case requests.HTTPError(response=requests.Response(status_code=407)):
            return UnreachableError(NO_PASSWORD)
        case requests.HTTPError(response=requests.Response() as answer):
            return SourceError(f"answered {answer.status_code} {answer.reason}")
        case requests.exceptions.ProxyError():
            refused = "407" in str(error)
            return UnreachableError(NO_PASSWORD if refused else f"no connection through {PROXY}")
        case requests.exceptions.InvalidSchema() if "SOCKS" in str(error):
            return UnreachableError(f"the package PySocks is missing for {PROXY}")
        case requests.exceptions.InvalidSchema():
            return SourceError("redirects to something that is neither http nor https")
        case requests.exceptions.InvalidURL():
            return UnreachableError(f"invalid address ({error}) of the host or {PROXY}")
        case requests.TooManyRedirects():
            return SourceError("redirects without end")
        case requests.exceptions.SSLError():
            return UnreachableError("its certificate is refused")
        case requests.ConnectTimeout():
            return UnreachableError(f"no connection to {host}")
    if isinstance(reason, wire.NewConnectionError):
        return UnreachableError(f"no connection to {host}")
    if isinstance(reason, wire.ReadTimeoutError):
        return SourceError(f"silent for {patience.read:g} s")
    return SourceError("hung up before it answered")
