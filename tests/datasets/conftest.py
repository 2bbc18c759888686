"""A web server on 127.0.0.1 that behaves well or badly, and raw files to fetch from it."""

import contextlib
import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from depthgauge.datasets.sources import RawFile

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers GET /NAME as `answers[NAME]` says, and counts the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path.lstrip("/"))
                answer = outer.answers.get(self.path.lstrip("/"))
                if answer is None:
                    self.send_error(404)
                    return
                with contextlib.suppress(OSError):  # the client has had enough
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def serve(self, name: str, body: bytes) -> str:
        """Answer with `body`, properly; return the URL."""
        self.answers[name] = lambda handler: _send(handler, body, len(body))
        return f"{self.url}/{name}"

    def cut_off(self, name: str, body: bytes, sent: int) -> str:
        """Announce the whole body, send `sent` bytes of it and hang up."""
        self.answers[name] = lambda handler: _send(handler, body[:sent], len(body))
        return f"{self.url}/{name}"

    def redirect(self, name: str, location: str) -> str:
        """Send the client elsewhere."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", location)
            handler.end_headers()

        self.answers[name] = answer
        return f"{self.url}/{name}"

    def fail_then_serve(self, name: str, body: bytes, failures: int) -> str:
        """Answer 503 so many times, then properly."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            if self.requests.count(name) <= failures:
                handler.send_error(503)
            else:
                _send(handler, body, len(body))

        self.answers[name] = answer
        return f"{self.url}/{name}"

    def drip(self, name: str, pause: float, piece: bytes) -> str:
        """Send `piece` for ever, `pause` seconds apart, without saying how much is to come."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            end = time.monotonic() + 60
            while not self.stopping.is_set() and time.monotonic() < end:
                handler.wfile.write(piece)
                self.stopping.wait(pause)

        self.answers[name] = answer
        return f"{self.url}/{name}"


def _send(handler: BaseHTTPRequestHandler, body: bytes, announced: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(announced))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.stopping.set()
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def content() -> bytes:
    """The right bytes of the file that tests fetch: 40,000 that gzip cannot shorten much."""
    return b"".join(hashlib.sha256(bytes([i % 251, i // 251])).digest() for i in range(1250))


@pytest.fixture
def raw_file(content: bytes) -> Callable[..., RawFile]:
    """A raw file with that content, to be had from the sources given."""

    def make(*sources: object) -> RawFile:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return RawFile("images", digest, len(content), sources, published="images.gz")  # type: ignore[arg-type]

    return make


@pytest.fixture
def packed(content: bytes) -> bytes:
    return gzip.compress(content)
