"""From a photograph's bytes to 37x37 grey pixels.

Source: Glorot and Bengio, section 2.2: Small-ImageNet has 37x37 grey images.
"""

import io

import numpy as np
from PIL import Image, ImageOps

SIDE = 37
"""Pixels."""
PIXEL_LIMIT = 100_000_000
"""A photograph of ILSVRC2012 has 60 million pixels at most; more is no photograph."""
SUFFIXES = (".jpeg", ".jpg", ".png")


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
            grey = photograph.convert("L")
            return np.asarray(ImageOps.fit(grey, (side, side), Image.Resampling.BICUBIC))
    # Pillow's decoders raise all of these for damaged files, by format
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
