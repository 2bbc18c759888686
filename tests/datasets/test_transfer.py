"""A download is bounded in time and size, whatever the host does."""

import socket
import time
from dataclasses import replace

import pytest

from depthgauge.datasets.transfer import (
    Patience,
    SourceError,
    UnreachableError,
    download,
    open_session,
)

HASTY = Patience(connect=1, read=0.4, answer=3, stall=0.8, attempts=2, pause=0.01)


@pytest.fixture
def fetch(tmp_path):
    """Download a URL into a file, with little patience."""
    with open_session(patience=HASTY) as session:
        yield lambda url, limit=1 << 20: download(session, url, tmp_path / "x", limit, HASTY)


def test_good_host_delivers_the_bytes(server, fetch, tmp_path, content):
    """What the host sends is what the file holds."""
    fetch(server.serve("x", content))
    assert (tmp_path / "x").read_bytes() == content


def test_busy_host_is_asked_again(server, fetch, tmp_path, content):
    """A 503 is tried again: the second attempt gets the file."""
    fetch(server.fail_then_serve("x", content, failures=1))
    assert (tmp_path / "x").read_bytes() == content
    assert server.requests == ["x", "x"]


def test_missing_file_is_not_asked_for_again(server, fetch):
    """A 404 is final, and named."""
    with pytest.raises(SourceError, match="404"):
        fetch(f"{server.url}/nothing")
    assert server.requests == ["nothing"]


def test_cut_off_transfer_is_an_error(server, fetch, content):
    """Fewer bytes than announced do not pass for the whole, after all attempts."""
    with pytest.raises(SourceError, match="broke off"):
        fetch(server.cut_off("x", content, sent=1000))
    assert server.requests == ["x", "x"]


def test_transfer_that_breaks_off_is_resumed(server, fetch, tmp_path, content):
    """The second attempt asks for the rest alone, and the file has all bytes, in order."""
    asked = []

    def answer(handler):
        asked.append(handler.headers["Range"])
        start = int((asked[-1] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start:] if start else content[:1000])

    server.answers["x"] = answer
    fetch(f"{server.url}/x")
    assert asked == [None, "bytes=1000-"]
    assert (tmp_path / "x").read_bytes() == content


def test_host_that_hangs_up_is_asked_again(server, fetch, tmp_path, content):
    """A connection that closes without an answer is tried anew."""
    server.serve("y", content)
    server.answers["x"] = lambda handler: (
        server.answers["y"](handler) if server.requests.count("x") > 1 else None
    )
    fetch(f"{server.url}/x")
    assert (tmp_path / "x").read_bytes() == content


def test_announced_size_beyond_the_limit_is_refused(server, fetch, content):
    """A file that is too large is refused before its body is read."""
    with pytest.raises(SourceError, match="would send 40000 bytes, more than the expected 1000"):
        fetch(server.serve("x", content), limit=1000)


def test_endless_body_is_stopped_at_the_limit(server, fetch, tmp_path):
    """A body without end and without announced length fills the disk to the limit at most."""
    with pytest.raises(SourceError, match="more than the expected 100000 bytes"):
        fetch(server.drip("x", 0, b"x" * 5000), limit=100_000)
    assert (tmp_path / "x").stat().st_size <= 100_000 + (1 << 16)


def test_dripping_host_is_given_up(server, fetch):
    """A host that sends a byte now and then, and never falls silent, stalls no one for long."""
    begun = time.monotonic()
    with pytest.raises(SourceError, match="stalled"):
        fetch(server.drip("x", 0.05, b"x"))
    assert time.monotonic() - begun < 30


def test_host_that_dribbles_its_headers_is_given_up(server, fetch):
    """No time-out of a socket notices a header of which a byte comes now and then.

    Such a host is not asked for other files.
    """

    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not server.stopping.wait(0.1):
            handler.wfile.write(b"x")

    server.answers["x"] = answer
    with pytest.raises(UnreachableError, match="no answer within 3 s"):
        fetch(f"{server.url}/x")


def test_steady_trickle_ends_at_the_overall_deadline(server, tmp_path):
    """Fast enough never to stall, and without end: the deadline of the whole transfer stops it."""
    patience = Patience(1, 1, stall=0.2, slowest=1, overall=0.6, attempts=1)
    with (
        open_session(patience=patience) as session,
        pytest.raises(SourceError, match="stalled after"),
    ):
        url = server.drip("x", 0.02, b"x" * 100)
        download(session, url, tmp_path / "x", 1 << 30, patience)


def test_silent_host_is_given_up(server, fetch):
    """A host that answers and then says nothing meets the read time-out."""
    with pytest.raises(SourceError, match=r"silent for 0\.4 s"):
        fetch(server.drip("x", 60, b"x"))


def test_refused_connection_counts_as_unreachable(fetch):
    """Nobody listens: unlike a transfer that fails, this is not tried twice."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(UnreachableError, match=f"no connection to 127.0.0.1:{port}"):
            fetch(f"http://127.0.0.1:{port}/x")


def test_redirect_within_http_is_followed(server, fetch, tmp_path, content):
    """Hosts may move a file."""
    fetch(server.redirect("old", server.serve("new", content)))
    assert (tmp_path / "x").read_bytes() == content


@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_redirect_to_another_scheme_is_refused(server, fetch, tmp_path, scheme):
    """A host cannot make us read a file of this machine."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(SourceError, match="neither http nor https"):
        fetch(server.redirect("x", f"{scheme}://{secret}"))
    assert not (tmp_path / "x").exists()


def test_circle_of_redirects_ends(server, tmp_path):
    """Redirects without end are an error, however long each of them takes."""
    calm = replace(HASTY, read=30, answer=120)
    with (
        open_session(patience=calm) as session,
        pytest.raises(SourceError, match="without end"),
    ):
        download(session, server.redirect("x", f"{server.url}/x"), tmp_path / "x", 100, calm)


@pytest.fixture
def proxy(monkeypatch):
    """Set the proxy of this machine."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return lambda address: monkeypatch.setenv("http_proxy", address)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:9", "no connection through the proxy"),
        ("http://[broken", "invalid address .* of the host or the proxy"),
        ("gopher://127.0.0.1:9", "invalid address .* of the host or the proxy"),
        ("socks5://127.0.0.1:9", "PySocks is missing for the proxy|through the proxy"),
    ],
)
def test_proxy_that_is_none_is_said_to_be_one(fetch, proxy, address, reason):
    """Neither the host hung up nor does it redirect; nobody is asked twice."""
    proxy(address)
    with pytest.raises(UnreachableError, match=reason):
        fetch("http://example.invalid/x")


def test_proxy_that_wants_a_password_says_so(server, fetch, proxy):
    """407 comes from the proxy, not from the host."""
    proxy(server.url)
    server.answers["http://example.invalid/x"] = lambda handler: handler.send_error(407)
    with pytest.raises(UnreachableError, match=r"user name and password \(407\)"):
        fetch("http://example.invalid/x")


def test_tunnel_that_is_refused_says_so(server, fetch, monkeypatch):
    """The same for https, where the proxy refuses before anything is asked of the host."""
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(UnreachableError, match="through the proxy"):
        fetch("https://example.invalid/x")
