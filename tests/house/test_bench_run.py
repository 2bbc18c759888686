import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import run
from rows import ROWS, Row, Way

ONE, TWO = Way("peer.py", threads=1), Way("peer.py", threads=2)
OURS = Way("ours.py")


def speeds(*values):
    return [{"speed": value, "megabytes": 1e3 / value} for value in values]


def test_ratios_are_paired_and_the_peer_takes_its_best_way():
    """Two threads are the better median here, so each round's ratio is to that round's two."""
    samples = {OURS: speeds(30, 60, 44), ONE: speeds(1, 9, 2), TWO: speeds(3, 5, 4)}
    found = run.summary(Row("toy: peer", OURS, (ONE, TWO)), samples)
    assert found == {
        "name": "toy: peer", "ours": 44, "peer": 4, "unit": "model-steps/s",
        "ratio": 11, "ratio_low": 10, "ratio_high": 12,
    }  # fmt: skip


def test_where_less_is_better_the_best_way_is_the_smallest():
    """Time and memory: the ratio is still ours over the peer's, above one when ours needs more."""
    samples = {OURS: speeds(50, 50), ONE: speeds(100, 100), TWO: speeds(200, 200)}
    time = run.summary(Row("toy: peer", OURS, (ONE, TWO), "µs/model-step"), samples)
    memory = run.summary(Row("toy: peer", OURS, (ONE, TWO), "MB"), samples)
    assert (time["ours"], time["peer"], time["ratio"]) == (20_000, 5_000, 4)
    assert (memory["ours"], memory["peer"], memory["ratio"]) == (20, 5, 4)


def test_rows_are_distinguished_and_end_in_the_peer():
    """Each name is its own, and says after the colon whom ours is compared with."""
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        peer = row.name.rpartition(": ")[2]
        if peer != "without":
            assert {way.script for way in row.peers} == {f"peer_{peer}.py"}


def test_processes_start_together_after_all_are_ready(tmp_path, monkeypatch):
    """Nobody's clock starts before the last one is warm; what they report is added up."""
    script = tmp_path / "toy.py"
    script.write_text(
        "import json, os, sys, time, pathlib\n"
        "slow = not pathlib.Path('slow').exists()\n"
        "pathlib.Path('slow').touch()\n"
        "time.sleep(0.3 * slow)\n"
        "pathlib.Path(f'ready{os.getpid()}').touch()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "both = len(list(pathlib.Path().glob('ready*'))) == 2\n"
        "threads = int(os.environ['OMP_NUM_THREADS'])\n"
        "print(json.dumps({'speed': 10 * both, 'megabytes': threads}))\n"
    )
    monkeypatch.setattr(run, "HERE", tmp_path)
    found = run.measure(Way("toy.py", threads=3, processes=2), 0.1)
    assert found == {"speed": 20, "megabytes": 6}


def test_a_measurement_that_fails_is_one_sentence(tmp_path, monkeypatch):
    """The table is not printed from half the numbers; the sentence names the way and its error."""
    (tmp_path / "toy.py").write_text("raise ValueError('out of paper')")
    monkeypatch.setattr(run, "HERE", tmp_path)
    with pytest.raises(SystemExit, match=r"toy\.py.*out of paper"):
        run.measure(Way("toy.py"), 0.1)


def test_the_page_gets_a_row_a_comparison_and_keeps_its_prose():
    """Between the marks all is written anew; what was measured stands with its spread."""
    found = {
        "name": "toy: peer", "ours": 44.0, "peer": 4.0, "unit": "MB",
        "ratio": 11.0, "ratio_low": 10.0, "ratio_high": 12.5,
    }  # fmt: skip
    text = f"before\n{run.BEGIN}old\n{run.END}\nafter\n"
    page = run.paged(text, [found], "2 rounds")
    assert page.startswith(f"before\n{run.BEGIN}") and page.endswith(f"{run.END}\nafter\n")
    assert "| toy: peer | 44 | 4 | MB | 11 [10, 12.5] |\n" in page
    assert "2 rounds." in page and "old" not in page
    assert run.PAGE.read_text(encoding="utf-8").count(run.BEGIN) == 1


def test_no_row_of_that_name(monkeypatch):
    """--only with a text that no name contains says so."""
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "abacus"])
    with pytest.raises(SystemExit, match="abacus"):
        run.main()
