"""docs/scaling.md has a row for each study; what was not measured anew stays as it is."""

import json
import re
import runpy
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCALING = runpy.run_path(str(ROOT / "showcase" / "scaling.py"))
NETS = {"nielsen": (784, 30, 30, 10), "glorot": (784, *[1000] * 5, 10)}
"""Those of bench/problems.py; mini-batches of 10."""
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_every_study_has_its_row():
    """A study that is new needs `python showcase/scaling.py`."""
    table = PAGE.split("<!-- studies:")[1].split("<!-- /studies -->")[0]
    rows = re.findall(r"^\| (\w+) \| \d", table, re.MULTILINE)
    assert rows == sorted(path.stem for path in (ROOT / "conf" / "study").glob("*.yaml"))


def test_a_table_without_a_new_measurement_stays():
    """Of two blocks, the one that was measured is replaced, the other not touched."""
    page = "<!-- studies: x -->\nold\n<!-- /studies -->\n<!-- cells: x -->\nold\n<!-- /cells -->\n"
    new = SCALING["BLOCK"].sub(lambda found: SCALING["renewed"](found, {"studies": "new"}), page)
    assert new == page.replace("old", "\nnew\n", 1)


MEASURED = json.loads((ROOT / "results/gpu_first_run/rates.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", MEASURED)
def test_the_formula_is_within_a_third_of_an_h100(case):
    """As the page says: steps as a CUDA graph, without probes; 3.35 TB/s is of the data sheet."""
    net, replicas = case.split(", R=")
    weights = sum(n_in * n_out for n_in, n_out in pairwise(NETS[net]))
    launches = SCALING["KERNELS"] * SCALING["KERNEL_SECONDS"] * (len(NETS[net]) - 1)
    arithmetic = 6 * weights * 10 / SCALING["OPERATIONS_A_SECOND"]
    memory = 4 * SCALING["FETCHES"] * weights / (0.5 * 3.35e12)
    step = launches + int(replicas) * max(arithmetic, memory)
    assert int(replicas) / step == pytest.approx(MEASURED[case]["graphs"], rel=1 / 3)
