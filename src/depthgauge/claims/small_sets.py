"""Whether a data set has as many test images as the published one that it stands in for.

All seeds share the test images, so that an interval over seeds does not contain their error: with
450 of them one binomial standard error is 2 points, where published differences are below one.
"""

from depthgauge.claims.claim import Cells

PUBLISHED = 10_000
"""Test images of each of the four data sets. Source: Glorot and Bengio, section 2."""


def few_test_images(cells: Cells) -> str:
    """Return that the cells' data set is smaller than the published one, or ""."""
    sizes = [cell.attrs.get("data", {}).get("test_images", PUBLISHED) for cell in cells]
    few = min(sizes, default=PUBLISHED)
    return f"{few:,} test images stand in for {PUBLISHED:,}" if few < PUBLISHED else ""
