"""docs/scaling.md has a row for each study; what was not measured anew stays as it is."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_every_study_has_its_row():
    """A study that is new needs `python showcase/scaling.py`."""
    table = PAGE.split("<!-- studies:")[1].split("<!-- /studies -->")[0]
    rows = re.findall(r"^\| (\w+) \| \d", table, re.MULTILINE)
    assert rows == sorted(path.stem for path in (ROOT / "conf" / "study").glob("*.yaml"))


def test_a_table_without_a_new_measurement_stays():
    """Of two blocks, the one that was measured is replaced, the other not touched."""
    scaling = runpy.run_path(str(ROOT / "showcase" / "scaling.py"))
    page = "<!-- studies: x -->\nold\n<!-- /studies -->\n<!-- cells: x -->\nold\n<!-- /cells -->\n"
    new = scaling["BLOCK"].sub(lambda found: scaling["renewed"](found, {"studies": "new"}), page)
    assert new == page.replace("old", "\nnew\n", 1)
