"""What a sweep does beside training grows with its cells, and no faster."""

import sys
import time
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import many_cells

from depthgauge.planning.plan import prepared_data
from depthgauge.records import read_study

PARTS = ("records", "assemble", "status")


def seconds_of_parts(root, cells, monkeypatch):
    """Of the processor, by part, in a project with so many cells."""
    root.mkdir()
    many_cells.make_project(root, cells)
    monkeypatch.chdir(root)
    prepared_data.cache_clear()
    GlobalHydra.instance().clear()
    untracked = many_cells.command("train", "study=many", many_cells.OUT, "tracking=false")
    parts = many_cells.PARTS | {"assemble": untracked}
    found = {}
    for part in PARTS:
        start = time.process_time()
        parts[part]()
        found[part] = time.process_time() - start
    assert len(read_study(root / "build" / "many")) == cells
    return found


@pytest.mark.slow
def test_three_times_the_cells_take_three_times_the_time(tmp_path, monkeypatch, capsys):
    """A part that were quadratic would take nine times as long; a small one's clock is coarse."""
    few = seconds_of_parts(tmp_path / "few", 100, monkeypatch)
    many = seconds_of_parts(tmp_path / "many", 300, monkeypatch)
    for part in PARTS:
        assert many[part] < 5 * few[part] + 0.5, f"{part}: {few[part]:.2f} s, {many[part]:.2f} s"


@pytest.mark.parametrize("cells", ["150", "0"])
def test_a_number_of_cells_that_makes_no_grid_is_refused(cells, monkeypatch, capsys):
    """One sentence, exit code 2."""
    monkeypatch.setattr(sys, "argv", ["many_cells.py", cells])
    with pytest.raises(SystemExit) as stop:
        many_cells.main()
    assert stop.value.code == 2 and f"invalid cells={cells}" in capsys.readouterr().err


def test_our_launching_and_hydras_take_turns(tmp_path, monkeypatch, capsys):
    """Each is first every other time; of several turns the median counts, the ratio in each."""
    begun = []

    def measured(part, root):
        begun.append(part)
        return {"seconds": 1.0, "processor": float(len(begun)), "megabytes": 0.0}

    monkeypatch.setattr(many_cells, "measured", measured)
    found = many_cells.measured_parts(tmp_path, ["plan", "launch", "hydra", "track"], 3)
    assert begun == ["plan", "launch", "hydra", "hydra", "launch", "launch", "hydra", "track"]
    assert {part: each["processor"] for part, each in found.items()} == {
        "plan": 1,
        "launch": 5,
        "hydra": 4,
        "track": 8,
    }
    assert capsys.readouterr().out.split(":")[1].split() == ["0.67", "1.25", "0.86"]


def test_a_part_that_is_none_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["many_cells.py", "100", "--only", "launch,nothing"])
    with pytest.raises(SystemExit) as stop:
        many_cells.main()
    assert stop.value.code == 2 and "unknown parts nothing" in capsys.readouterr().err
