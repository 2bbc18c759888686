"""A contact sheet: a row a class, the first images of each, and where they come from."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from depthgauge.datasets.prepared import Split
from depthgauge.errors import ConfigError
from depthgauge.files import whole

MARK = ("Software", "depthgauge show")
"""Text in the PNG that says it is ours, so that it may be written over."""

SIDE = 72
"""Pixels of an image on the sheet, about: images are enlarged by a whole factor."""

GAP, FONT, PAPER, INK = 4, 14, 255, 0


def rows_of(split: Split, classes: int, samples: int) -> list[np.ndarray]:
    """Return the first `samples` images of each class, (at most samples, features)."""
    return [split.images[split.labels == label][:samples] for label in range(classes)]


def draw(
    rows: list[np.ndarray], labels: tuple[str, ...], shape: tuple[int, ...], title: str
) -> Image.Image:
    """Return the sheet; `shape` is an image's, (rows, columns) or (channels, rows, columns)."""
    height, width = shape[-2:]
    factor = max(1, round(SIDE / max(height, width)))
    step, columns = factor * max(height, width) + GAP, max(map(len, rows))
    font = ImageFont.load_default(FONT)
    margin = round(max(font.getlength(label) for label in labels)) + 3 * GAP
    top = FONT + 4 * GAP
    size = max(margin + columns * step, round(font.getlength(title)) + 3 * GAP)
    sheet = Image.new("RGB", (size, top + len(rows) * step), (PAPER,) * 3)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), title, (INK,) * 3, font)
    for at, (images, label) in enumerate(zip(rows, labels, strict=True)):
        down = top + at * step
        middle = (GAP, down + factor * height // 2)
        text = label if len(images) else f"{label} (none)"
        pen.text(middle, text, (INK,) * 3, font, anchor="lm")
        for column, pixels in enumerate(images):
            tile = _picture(pixels.reshape(shape)).resize(
                (factor * width, factor * height), Image.Resampling.NEAREST
            )
            sheet.paste(tile, (margin + column * step, down))
    return sheet


def save(sheet: Image.Image, path: Path) -> None:
    """Write the sheet to `path`, whole or not at all.

    Raises ConfigError where a file exists that is not such a sheet.
    """
    if path.exists() and not _ours(path):
        raise ConfigError(
            f"{path} exists and is not a contact sheet; give another path with --out, or move it"
        )
    mark = PngInfo()
    mark.add_text(*MARK)
    with whole(path) as temporary:
        sheet.save(temporary, "png", pnginfo=mark, optimize=True)


def _ours(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.info.get(MARK[0]) == MARK[1]
    except (UnidentifiedImageError, OSError):
        return False


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.transpose(1, 2, 0) if pixels.ndim == 3 else pixels).convert("RGB")
