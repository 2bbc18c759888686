from pathlib import Path

import numpy as np
from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"


def test_the_code_of_the_page_draws_its_picture(tmp_path, monkeypatch):
    """docs/shapeset.md makes docs/shapeset.png, pixel for pixel."""
    code = (DOCS / "shapeset.md").read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    drawn, shown = (
        np.asarray(Image.open(path)) for path in ("docs/shapeset.png", DOCS / "shapeset.png")
    )
    assert shown.shape == (9 * 36 * 3, 8 * 36 * 3)
    assert (drawn == shown).all()
