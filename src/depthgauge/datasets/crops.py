"""From a photograph's bytes to 37x37 grey pixels.

Source: Glorot and Bengio, section 2.2: Small-ImageNet has 37x37 grey images.
"""

import io
import struct

import numpy as np
from PIL import Image, ImageOps

SIDE = 37
"""Pixels."""
PIXEL_LIMIT = 100_000_000
"""A photograph of ILSVRC2012 has 60 million pixels at most."""
SUFFIXES = (".jpeg", ".jpg", ".png")
ORIENTATION = 0x0112
"""The EXIF entry that says how a camera was held."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its orientation; 1 is upright. Source: EXIF 2.3, 4.6.4."""


def grey_crop(content: bytes) -> np.ndarray | None:
    """Return the photograph's central square as (1369,) uint8 grey; None if it does not decode."""
    photograph = grey_square(content, SIDE)
    return None if photograph is None else photograph.reshape(-1)


def grey_square(content: bytes, side: int) -> np.ndarray | None:
    """Return the photograph's central square as (side, side) uint8 grey, or None."""
    try:
        with Image.open(io.BytesIO(content)) as photograph:
            if photograph.width * photograph.height > PIXEL_LIMIT:
                return None
            # lets the JPEG decoder skip detail that the reduction would average away
            photograph.draft("L", (2 * side, 2 * side))
            fitted = ImageOps.fit(_grey(photograph), (side, side), Image.Resampling.BICUBIC)
            turn = UPRIGHT.get(_orientation(photograph))
            return np.asarray(fitted if turn is None else fitted.transpose(turn))
    # Pillow's decoders raise all of these for damaged files, by format
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _grey(photograph: Image.Image) -> Image.Image:
    """Return a picture as 8-bit grey; one of 16 bits is scaled, which Pillow's convert cuts off."""
    if photograph.mode == "F":
        raise ValueError("a picture of floats has no known white")
    if not photograph.mode.startswith("I"):
        return photograph.convert("L")
    values = np.asarray(photograph)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise ValueError("a picture of more than 16 bits has no known white")
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))


def _orientation(photograph: Image.Image) -> int:
    """Return the EXIF orientation, 1 where there is none or the entries are damaged."""
    try:
        return int(photograph.getexif().get(ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return 1
