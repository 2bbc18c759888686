"""Whatever a file holds: what it should hold, or one sentence; never a crash."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
import torch
import xarray as xr
from guard import guarded
from hypothesis import given
from hypothesis import strategies as st
from mutations import EDITS, PLACES, VALUES, replaced, spoiled
from PIL import Image
from safetensors.numpy import save
from test_fuzz_config import few, one_sentence

from depthgauge.config import Experiment, Gradients
from depthgauge.datasets import prepared
from depthgauge.datasets.archives import open_archive
from depthgauge.datasets.content import settle
from depthgauge.datasets.crops import grey_crop
from depthgauge.datasets.idx import parse
from depthgauge.datasets.package_index import extract_member
from depthgauge.datasets.prepared import path_of
from depthgauge.datasets.sources import RawFile
from depthgauge.datasets.transfer import SourceError
from depthgauge.errors import DepthgaugeError
from depthgauge.records import _digest, read_study, write
from depthgauge.training.block import Block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module

pytestmark = pytest.mark.slow

IMAGES = np.random.default_rng(3).integers(0, 256, (5, 4, 4), np.uint8)
IDX = b"\0\0\x08\x03" + np.array(IMAGES.shape, ">u4").tobytes() + IMAGES.tobytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder that examples share; each writes its file anew."""
    return tmp_path_factory.mktemp("fuzz")


def refused_or_fine(folder, work):
    """Run `work`; what it refuses, it refuses in one sentence."""
    with guarded(folder):
        try:
            return work()
        except (DepthgaugeError, SourceError) as error:
            one_sentence(error)


@few(200)
@given(EDITS)
def test_idx(place, edits):
    """What is accepted has the shape that the header states."""
    content = spoiled(IDX, edits)
    found = refused_or_fine(place, lambda: parse(content, "images"))
    if found is not None:
        assert content.endswith(found.tobytes())


@few(250)
@given(EDITS)
def test_gzip(place, edits):
    """Only the content of the right digest is ever settled."""
    digest = f"sha256:{hashlib.sha256(IDX).hexdigest()}"
    file = RawFile("images", digest, len(IDX), (), published="images.gz")
    received, target = place / "received", place / "target"
    received.write_bytes(spoiled(gzip.compress(IDX, mtime=0), edits))

    def work():
        settle(received, file, target)
        return target.read_bytes()

    assert refused_or_fine(place, work) in (None, IDX)


def _jpeg():
    buffer = io.BytesIO()
    Image.fromarray(np.tile(IMAGES[0], (20, 20))).save(buffer, "JPEG")
    return buffer.getvalue()


def _zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("n01440764/a.JPEG", "n01440764/b.JPEG"):
            archive.writestr(zipfile.ZipInfo(name), IDX * 3)
    return buffer.getvalue()


def _tar(mode):
    inner, outer = io.BytesIO(), io.BytesIO()
    for buffer, name, content in ((inner, "a.JPEG", IDX), (outer, "n01440764.tar", None)):
        with tarfile.open(fileobj=buffer, mode=mode if buffer is outer else "w") as archive:
            body = inner.getvalue() if content is None else content
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return outer.getvalue()


ARCHIVES = {"zip": _zip(), **{kind: _tar(f"w:{kind}") for kind in ("", "gz", "bz2", "xz")}}


@few(400)
@given(st.sampled_from(sorted(ARCHIVES)), EDITS)
def test_archives(place, kind, edits):
    """Zip, tar, tar of tars, packed or not: names and contents come out, or a sentence."""
    path = place / "archive"
    path.write_bytes(spoiled(ARCHIVES[kind], edits))

    def work():
        archive = open_archive(path)
        for _, content in archive.read(archive.names()):
            assert content is None or isinstance(content, bytes)

    refused_or_fine(place, work)
    refused_or_fine(
        place, lambda: extract_member(path, "n01440764/a.JPEG", place / "member", 10_000)
    )


@few(150)
@given(EDITS)
def test_photographs(place, edits):
    """A crop of the right size, or none."""
    crop = refused_or_fine(place, lambda: grey_crop(spoiled(_jpeg(), edits)))
    assert crop is None or (crop.shape == (37 * 37,) and crop.dtype == np.uint8)


@few(150)
@given(EDITS)
def test_prepared_files(place, small, edits):
    """A prepared file is loaded as it was written, or refused: the hash is over every byte."""
    path = path_of(place, "small")
    prepared.write(small, path)
    path.write_bytes(spoiled(path.read_bytes(), edits))
    found = refused_or_fine(place, lambda: prepared.load(place, "small"))
    if found is not None:
        assert found.hash == small.hash
        assert np.array_equal(found.train.images, small.train.images)


RECORD = xr.Dataset(
    {
        "accuracy_validation": (("replica", "evaluation_step"), np.full((3, 2), 0.9)),
        "bias_gradient_norm": (
            ("replica", "gradient_step", "layer"),
            np.random.default_rng(0).lognormal(size=(3, 2, 3)),
        ),
        "diverged_at": ("replica", np.full(3, -1)),
    },
    {
        "seed": ("replica", np.arange(3)),
        "learning_rate": ("replica", np.full(3, 0.1)),
        "layer": np.array([1, 2, 3]),
        "gradient_step": np.array([0, 150_000]),
        "evaluation_step": np.array([0, 150_000]),
    },
    {
        "study": "nielsen_accuracy",
        "scale": "quick",
        "label": "hidden=[30, 30]",
        "axes": {"hidden": [30, 30]},
        "config": {"hidden": [30, 30], "steps": 150_000, "gradients": {"window": 1}},
        "notebook": {"question": "?"},
        "position": 0,
        "cell": "cell",
        "keys": ["key"],
        "data": {"name": "mnist", "hash": "hash"},
        "code": "code",
        "device": "cpu",
        "versions": {"torch": "2"},
    },
)


@few(100)
@given(EDITS)
def test_records_of_spoiled_bytes(place, edits):
    """Read, or refused by name."""
    path = place / "bytes" / "000.safetensors"
    write(RECORD, path)
    path.write_bytes(spoiled(path.read_bytes(), edits))
    refused_or_fine(place, lambda: read_study(path.parent))


@few(100)
@given(st.lists(PLACES, min_size=1, max_size=4), VALUES)
def test_records_of_spoiled_words(place, places, value):
    """Sound bytes, and any value anywhere in what the record says of itself."""
    meta = {
        "format": 2,
        "dims": {str(name): list(each.dims) for name, each in RECORD.variables.items()},
        "coords": sorted(map(str, RECORD.coords)),
        "attrs": RECORD.attrs,
    }
    arrays = {str(name): np.ascontiguousarray(each) for name, each in RECORD.variables.items()}
    try:
        said = replaced(meta, places, value)
        if isinstance(said, dict):
            said["digest"] = _digest(arrays, said)
        text = json.dumps(said).encode().decode()
    except UnicodeEncodeError:
        return
    (place / "words").mkdir(exist_ok=True)
    (place / "words" / "000.safetensors").write_bytes(save(arrays, {"depthgauge": text}))
    refused_or_fine(place, lambda: read_study(place / "words"))


@pytest.fixture(scope="module")
def small():
    """A data set of a few images."""
    images, labels = IMAGES.reshape(5, 16), np.array([0, 1, 2, 1, 0], np.uint8)
    split = prepared.Split(images, labels)
    splits = dict.fromkeys(prepared.SPLITS, split)
    return prepared.assemble("small", (4, 4), ("a", "b", "c"), splits)


@few(100)
@given(EDITS)
def test_checkpoints(place, small, edits):
    """Worth all or nothing: a spoiled one leaves the networks as they were drawn."""
    experiment = Experiment(
        hidden=[3], train_size=5, batch_size=2, steps=300, gradients=Gradients(images=2)
    )
    block = Block(experiment, [(0, 0.1)], "key", "cell")
    checkpoint = Checkpoint(place / "checkpoint", "key", build_instruments(experiment, small), 0.0)
    module = build_module(block, small)
    fresh = [each.clone() for each in module.state_dict().values()]
    checkpoint.write(module, 100)
    checkpoint.path.write_bytes(spoiled(checkpoint.path.read_bytes(), edits))
    done = refused_or_fine(place, lambda: checkpoint.restore(module))
    assert done in (0, 100)
    assert all(torch.equal(a, b) for a, b in zip(fresh, module.state_dict().values(), strict=True))
