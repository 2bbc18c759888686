"""The IDX format of MNIST: big-endian magic number, sizes, then bytes, and nothing after them.

Source: LeCun, Cortes, Burges, "The MNIST database", section "File formats".
"""

import gzip
import math
import struct

import numpy as np

from depthgauge.datasets.prepared import Split
from depthgauge.datasets.receipt import RawFolder
from depthgauge.errors import DataError

UNSIGNED_BYTE = 0x08
"""The third byte of the magic number: the type of the values. MNIST has no other."""


def parse(content: bytes, where: str) -> np.ndarray:
    """Return the uint8 array that an IDX file holds, in the shape the file states.

    Raises DataError, naming the file `where`, when magic number, sizes and length disagree.
    """
    zeros, kind, axes = struct.unpack(">HBB", content[:4]) if len(content) >= 4 else (1, 0, 0)
    if zeros != 0 or kind != UNSIGNED_BYTE or axes == 0:
        raise DataError(
            f"{where} is not an IDX file of bytes (its magic number is 0x{content[:4].hex()});"
            " remove it and run `depthgauge fetch` again"
        )
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(
            f"{where} ends within its header; remove it and run `depthgauge fetch` again"
        )
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) != start + math.prod(shape):
        raise DataError(
            f"{where} states {'x'.join(map(str, shape))} values but has {len(content) - start};"
            " remove it and run `depthgauge fetch` again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_split(raw: RawFolder, prefix: str, suffix: str = "") -> Split:
    """Return the images and labels of a pair of IDX files, named as MNIST names them.

    Raises DataError when a file is not as the receipt says, not an IDX file, or they do not match.
    """
    names = f"{prefix}-images-idx3-ubyte{suffix}", f"{prefix}-labels-idx1-ubyte{suffix}"
    contents = [raw.read(name) for name in names]
    if suffix == ".gz":
        contents = [gzip.decompress(content) for content in contents]
    images, labels = (
        parse(content, str(raw.folder / name))
        for content, name in zip(contents, names, strict=True)
    )
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(
            f"{raw.folder / names[0]} has images of {images.shape} for labels of {labels.shape};"
            f" {raw.advice()}"
        )
    return Split(images.reshape(len(images), -1), labels)
