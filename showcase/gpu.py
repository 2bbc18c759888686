"""Writes the tables of docs/gpu.md from results/gpu_first_run, the first run on a GPU.

python showcase/gpu.py
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

ROOT = Path(__file__).parents[1]
FOUND = ROOT / "results" / "gpu_first_run"
"""What bench/gpu_first_run.py wrote; cells.json and shapeset.json were timed after it."""
PAGE = ROOT / "docs" / "gpu.md"
CHUNK, SEEDS, BATCH = 100, 3, 10
"""Steps between two checks of the time, and the nets and images of each step of Fig. 11."""
BLOCK = re.compile(r"(<!-- (\w+): .*? -->\n).*?(<!-- /\2 -->)", re.DOTALL)
"""The text between the two comments is replaced; the rest is not touched."""


def read(name: str) -> Any:
    """Return what a file of the run holds."""
    return json.loads((FOUND / f"{name}.json").read_text(encoding="utf-8"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return Markdown; all columns but the first hold numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def checks() -> str:
    """Return how many checks passed, and where."""
    states = [each["state"] for each in read("checks").values()]
    said = (FOUND / "log.txt").read_text(encoding="utf-8")
    torch, name, cuda = re.findall(r"torch (\S+) .*?'name': '(.*?)', 'cuda': '(.*?)'", said)[0]
    passed = states.count("passed")
    return f"{passed} of {len(states)} checks passed on one {name} (torch {torch}, CUDA {cuda})."


def rates() -> str:
    """Return a row for each family of nets and R."""
    rows = []
    for name, found in read("rates").items():
        family, replicas = name.split(", R=")
        speeds = [f"{found[kind]:,.0f}" for kind in ("eager", "graphs")]
        ratio = found["graphs"] / found["eager"]
        rows.append([family, replicas, *speeds, f"{ratio:.2f}", f"{found['share']:.0%}"])
    copy = next(iter(read("rates").values()))["copy_bytes_per_second"]
    head = ["nets", "R", "launched one by one", "as graphs", "ratio", "share of the bandwidth"]
    return f"{table(head, rows)}\n\nA copy of 1 GiB moved {copy / 1e12:.2f} TB per second."


def cells() -> str:
    """Return a row for each cell of docs/overnight.md that was trained completely."""
    rows = [
        [
            f"{each['data']}{' stream' * each['stream']}, {each['activation']}, {each['init']}",
            f"{len(each['hidden'])} x {each['hidden'][0]}",
            *(f"{each[name]:,}" for name in ("networks", "updates", "seconds")),
            f"{each['networks'] * each['updates'] / each['seconds']:,.0f}",
        ]
        for each in read("cells")
    ]
    return table(
        ["cell", "hidden", "networks", "updates", "seconds", "model-steps per second"], rows
    )


def shapeset() -> str:
    """Return a row for each number of images drawn at once."""
    rows = [
        [f"{int(count):,}", f"{seconds:.2f}", f"{1e6 * seconds / int(count):,.0f}"]
        for count, seconds in read("shapeset")["seconds"].items()
    ]
    return table(["images at once", "seconds", "microseconds per image"], rows)


def fig11() -> str:
    """Return how many updates each model made, and the speed predicted for drawing images ahead."""
    rows = [
        [name, f"{each['updates']:,}", f"{each['seconds']:.1f}"]
        for name, each in read("fig11").items()
    ]
    drawing = {int(count): seconds for count, seconds in read("shapeset")["seconds"].items()}
    most = max(drawing)
    steps = CHUNK * SEEDS / read("rates")[f"glorot, R={SEEDS}"]["graphs"]
    images = CHUNK * SEEDS * BATCH
    then, now = (
        CHUNK / (each + steps) for each in (drawing[images], drawing[most] * images / most)
    )
    said = (
        f"The tables above predict {then:,.0f} updates per second for three seeds of five wide"
        f" layers if the images of each chunk are drawn separately, and {now:,.0f} if {most:,} are"
        " drawn at once."
    )
    return f"{table(['model', 'updates', 'seconds'], rows)}\n\n{fill(said, 118)}"


def page(text: str) -> str:
    """Return the page with its tables renewed."""
    makes = {each.__name__: each for each in (checks, rates, cells, shapeset, fig11)}
    return BLOCK.sub(lambda found: f"{found[1]}\n{makes[found[2]]()}\n\n{found[3]}", text)


def main() -> None:
    """Rewrite the page's tables in place."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
