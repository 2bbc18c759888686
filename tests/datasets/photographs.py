"""Photographs and archives of them, made for tests."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

FISH, BIRD, FLOWER, CHURCH = "n01440764", "n02056570", "n11939491", "n03028079"


def jpeg(grey: int = 128, size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a JPEG of one grey."""
    buffer = io.BytesIO()
    Image.new("L", size, grey).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def pool(counts: dict[str, int]) -> dict[str, bytes]:
    """Return so many photographs a synset, each of a grey of its own, in folders by synset."""
    greys = iter(np.random.default_rng(0).permutation(256).tolist() * 4)
    return {
        f"{synset}/{synset}_{n}.JPEG": jpeg(next(greys))
        for synset, count in counts.items()
        for n in range(count)
    }


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    """Write members as files."""
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    """Write members as a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    """Write members as a tar file; mode w:gz compresses it."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_tar_of_tars(path: Path, members: dict[str, bytes]) -> Path:
    """Write members as ILSVRC2012 comes: a tar file of one tar file per folder."""
    inner: dict[str, bytes] = {}
    for folder in sorted({name.split("/")[0] for name in members}):
        some = {n.split("/")[1]: c for n, c in members.items() if n.startswith(f"{folder}/")}
        inner[f"{folder}.tar"] = write_tar(path.with_suffix(".inner"), some).read_bytes()
    path.with_suffix(".inner").unlink()
    return write_tar(path, inner)
