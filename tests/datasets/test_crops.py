"""Photographs of any size and colour become 37x37 grey; anything else becomes None."""

import io

import numpy as np
import pytest
from photographs import jpeg
from PIL import Image, ImageOps

from depthgauge.datasets.crops import grey_crop, grey_square


def png(image: Image.Image) -> bytes:
    """Return the image as a PNG, which loses nothing."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(64, 64), (500, 375), (20, 90), (37, 37), (1, 1)])
@pytest.mark.parametrize("grey", [0, 100, 255])
def test_uniform_photograph_keeps_its_grey(size, grey):
    """Reducing or enlarging one grey gives that grey."""
    crop = grey_crop(jpeg(grey, size))
    assert crop is not None
    assert crop.shape == (37 * 37,)
    assert np.abs(crop.astype(int) - grey).max() <= 1


def test_centre_is_kept_and_orientation_too():
    """A wide picture loses its sides; up stays up, left stays left."""
    picture = np.zeros((40, 100), np.uint8)
    picture[:, :25] = picture[:, 75:] = 255  # white sides, beyond the central square
    picture[5:10, 35:40] = 200  # a mark at the upper left of the square
    crop = grey_square(png(Image.fromarray(picture)), 37)
    assert crop is not None
    assert crop[:2].max() < 30
    assert crop[5:9, 5:9].mean() > 150
    assert crop[18:].max() < 30


def test_colours_are_weighed_as_luminance():
    """ITU-R 601: 0.299 red, 0.587 green, 0.114 blue."""
    for colour, weight in (((255, 0, 0), 0.299), ((0, 255, 0), 0.587), ((0, 0, 255), 0.114)):
        crop = grey_crop(png(Image.new("RGB", (50, 50), colour)))
        assert crop is not None
        assert abs(crop.mean() - 255 * weight) < 1


@pytest.mark.parametrize("times", [2, 4, 16])
def test_reduction_keeps_what_37_pixels_can_show(times):
    """A JPEG of squares, each `times` pixels wide, comes back as these squares."""
    coarse = np.random.default_rng(0).integers(0, 256, (37, 37)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.kron(coarse, np.ones((times, times), np.uint8))).save(
        buffer, "JPEG", quality=95
    )
    crop = grey_square(buffer.getvalue(), 37)
    assert crop is not None
    assert np.corrcoef(crop.ravel(), coarse.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P", "L", "1", "I;16"])
def test_every_mode_of_real_archives_decodes(mode):
    """ILSVRC2012 holds CMYK photographs and a PNG."""
    buffer = io.BytesIO()
    Image.new(mode, (50, 50)).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    assert grey_crop(buffer.getvalue()) is not None


def test_sixteen_bits_keep_their_greys():
    """A 16-bit grey PNG is the 8-bit picture with finer steps, not a white one."""
    greys = np.random.default_rng(0).integers(0, 256, (37, 37)).astype(np.uint8)
    fine = png(Image.fromarray(greys.astype(np.uint16) * 257))
    assert np.array_equal(grey_crop(fine), grey_crop(png(Image.fromarray(greys))))


def test_picture_without_a_known_white_is_none():
    """Floats, and whole numbers beyond 16 bits, say nothing of what white is."""
    for values in (np.ones((40, 40), np.float32), np.full((40, 40), 1 << 20, np.int32)):
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, "TIFF")
        assert grey_crop(buffer.getvalue()) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_upright(orientation):
    """As Pillow's own transposition by the EXIF entry does, for all eight values."""
    greys = np.random.default_rng(1).integers(0, 256, (37, 37)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(greys).save(buffer, "PNG", exif=exif)
    with Image.open(io.BytesIO(buffer.getvalue())) as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    assert np.array_equal(grey_square(buffer.getvalue(), 37), upright)


def test_damaged_exif_entries_turn_nothing():
    """The picture itself is sound."""
    buffer = io.BytesIO()
    Image.new("L", (50, 50), 99).save(buffer, "JPEG", exif=b"Exif\0\0XX*\0broken")
    crop = grey_crop(buffer.getvalue())
    assert crop is not None and abs(int(crop.mean()) - 99) <= 1


@pytest.mark.parametrize(
    "content", [b"", b"no image", jpeg()[:200], jpeg()[:-300], b"\x89PNG\r\n\x1a\n" + b"\0" * 50]
)
def test_damaged_photograph_is_none(content):
    """No exception, no half picture."""
    assert grey_crop(content) is None


def test_picture_of_absurd_size_is_none():
    """A small file that would decode to gigabytes is not decoded."""
    header = png(Image.new("L", (1, 1)))
    huge = header[:16] + (200_000).to_bytes(4, "big") * 2 + header[24:]
    assert grey_crop(huge) is None
