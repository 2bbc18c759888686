"""Ours against what a user would write today, in one run: `make bench`.

Every measurement is a process of its own, warmed up before the clock starts. A round measures each
of them once, ours and peers in turn, so that what else the machine does meets them alike; a ratio
compares the two of one round. Shown: medians over the rounds, and the smallest and largest ratio.
A peer takes the best of the ways listed for it (1 or 2 threads, or two processes). Memory
allocator: glibc's malloc with its defaults, for all.
"""

import argparse
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from problems import ROOT
from rich.console import Console
from rich.table import Table
from rows import ROWS, Row, Way

from depthgauge.provenance.git import checked_out
from depthgauge.provenance.machine import machine, software

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by bench/run.py --page -->\n", "<!-- /measured -->"
Sample = dict[str, float]
"""speed: model-steps per second; megabytes: peak memory; both over all processes together."""


def main() -> None:
    """Measure, print a table and write build/bench.json."""
    parser = argparse.ArgumentParser(description="Ours against what a user would write today.")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 second: a rough look")
    parser.add_argument(
        "--page", action="store_true", help="write the table to docs/performance.md, too"
    )
    parser.add_argument("--only", default="", help="rows whose names contain this text")
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in row.name]
    if not rows:
        sys.exit(f"no row's name contains {options.only!r}; leave --only out to see them all")
    rounds, seconds = (2, 1.0) if options.quick else (5, 3.0)
    samples = measure_rounds(rows, rounds, seconds)
    found = [summary(row, samples) for row in rows]
    show(found)
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    how = f"{rounds} rounds of {seconds:g} s, malloc with its defaults"
    print(f"{how}; written to {target}")
    if options.page:
        PAGE.write_text(paged(PAGE.read_text(encoding="utf-8"), found, how), encoding="utf-8")


def measure_rounds(rows: Sequence[Row], rounds: int, seconds: float) -> dict[Way, list[Sample]]:
    """Measure every way that the rows need once a round, in the rows' order."""
    ways = list(dict.fromkeys(way for row in rows for way in (row.ours, *row.peers)))
    samples: dict[Way, list[Sample]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            print(f"round {number + 1} of {rounds}: {way}", file=sys.stderr, flush=True)
            samples[way].append(measure(way, seconds))
    return samples


def measure(way: Way, seconds: float) -> Sample:
    """Start the processes of a way, let them begin together, and add up what they report."""
    command = [sys.executable, way.script, "--wait", f"--seconds={seconds}", *way.options]
    environment: dict[str, str] = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(way.threads)
    )
    if way.threads == 1:  # JAX's own switch
        environment["XLA_FLAGS"] = (
            "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        )
    processes = [
        subprocess.Popen(
            command,
            cwd=HERE,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(way.processes)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # "ready", or nothing from a process that failed
    answers = [process.communicate("go\n") for process in processes]
    for process, (_, complaint) in zip(processes, answers, strict=True):
        if process.returncode:
            sys.exit(f"the measurement of {way} failed: {complaint.strip().splitlines()[-1]}")
    reports = [json.loads(answer.splitlines()[-1]) for answer, _ in answers]
    return {name: sum(each[name] for each in reports) for name in ("speed", "megabytes")}


def summary(row: Row, samples: dict[Way, list[Sample]]) -> dict[str, str | float]:
    """Return one row of build/bench.json: medians, and the spread of the paired ratios."""
    ours = [row.value(sample) for sample in samples[row.ours]]
    ways = [[row.value(sample) for sample in samples[way]] for way in row.peers]
    peer = (max if row.more_is_better else min)(ways, key=median)
    ratios = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    return {
        "name": row.name,
        "ours": median(ours),
        "peer": median(peer),
        "unit": row.unit,
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
    }


def show(found: Sequence[dict[str, str | float]]) -> None:
    """Print the rows as a table."""
    table = Table("name", "ours", "peer", "unit", "ratio", "from", "to")
    for row in found:
        values = [row[key] for key in ("ratio", "ratio_low", "ratio_high")]
        sides = [f"{float(row[key]):,.1f}" for key in ("ours", "peer")]
        table.add_row(
            str(row["name"]), *sides, str(row["unit"]), *(f"{value:.3g}" for value in values)
        )
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def paged(text: str, found: Sequence[dict[str, str | float]], how: str) -> str:
    """Return the page `text` with its table anew: what was measured, how, when and where."""
    head, rest = text.split(BEGIN, 1)
    made = checked_out(ROOT)
    state = " with changes that are not committed" if made.changed else ""
    measured = (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {made.commit[:10]}{state}; {machine('cpu')};"
        f" {software()}; {how}."
    )
    lines = [
        textwrap.fill(measured, 120),
        "",
        "| what | ours | peer | unit | ours / peer |",
        "|---|---:|---:|---|---:|",
    ]
    for row in found:
        ratio, low, high = (f"{row[key]:.3g}" for key in ("ratio", "ratio_low", "ratio_high"))
        sides = f"{row['ours']:,.0f} | {row['peer']:,.0f} | {row['unit']}"
        lines.append(f"| {row['name']} | {sides} | {ratio} [{low}, {high}] |")
    return head + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    main()
