"""docs/gpu.md says what results/gpu_first_run holds."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
GPU = runpy.run_path(str(ROOT / "showcase" / "gpu.py"))
PAGE = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_run():
    """Made again from what is in git."""
    assert GPU["page"](PAGE) == PAGE


def test_the_page_says_how_many_checks_passed():
    """Counted here, over what the run wrote of each."""
    found = json.loads((ROOT / "results/gpu_first_run/checks.json").read_text(encoding="utf-8"))
    passed = [name for name, each in found.items() if each["state"] == "passed"]
    assert f"{len(passed)} of {len(found)} checks passed" in PAGE
