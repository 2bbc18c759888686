"""The first run on a CUDA GPU: checks, rates and Fig. 11 in a few minutes, in one folder.

    python bench/gpu_first_run.py --out first_run
    python bench/gpu_first_run.py --out first_run --minutes 8      again: goes on where it stopped
    python bench/gpu_first_run.py --out rehearsal --rehearse       tiny, on the CPU, in seconds

A part is a process of its own, which a fault of the GPU may end: then it is started again and goes
on with what is left, and what still runs at its time limit is killed. Checkpoints (350 MB) lie
beside the folder, in OUT-checkpoints. `out` holds log.txt, checks.json, rates.json, fig11.json and
records/. Exit codes: 0, 1 where a check or a part failed, 4 without a GPU or a package.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
NEEDED = {
    "torch": "torch",
    "pytorch_lightning": "pytorch-lightning",
    "numpy": "numpy",
    "scipy": "scipy",
    "xarray": "xarray",
    "safetensors": "safetensors",
    "filelock": "filelock",
    "psutil": "psutil",
    "threadpoolctl": "threadpoolctl",
    "jaxtyping": "jaxtyping",
}
"""What the sources import, and what each is called where it is installed from."""
PARTS = {"checks": 0.3, "rates": 0.55, "fig11": 1.0}
"""In this order; the share of the time after which each is killed at the latest."""
RESERVE = 10.0
"""Seconds before its limit at which a part should end by itself, to write what it has."""
TRIES = 10
"""Processes a part may use up."""


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description="Checks, rates and Fig. 11 on a CUDA GPU.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the small files")
    parser.add_argument("--minutes", type=float, default=8.0, help="time limit, about")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the CPU")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    if sentence := lacking():
        parser.exit(4, f"{sentence}\n")
    if not asked.rehearse and (sentence := without_gpu()):
        parser.exit(4, f"{sentence}\n")
    asked.out.mkdir(parents=True, exist_ok=True)
    failed = [name for name, code in run_parts(asked).items() if code]
    print(summary(asked.out))
    if failed:
        parser.exit(1, f"{' and '.join(failed)}: not all went well; read {asked.out / 'log.txt'}\n")


def lacking() -> str:
    """Return a sentence that names the packages which are not there and how to bring them."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if not missing:
        return ""
    names = " ".join(missing)
    return (
        f"{', '.join(missing)} cannot be imported: `python -m pip install {names}`, or, without a"
        f" network, `python -m pip download -d wheels {names}` on a machine with one and the same"
        f" Python and `python -m pip install --no-index --find-links wheels {names}` here"
    )


def without_gpu() -> str:
    """Return a sentence where torch sees no CUDA GPU."""
    from depthgauge.config import Device
    from depthgauge.errors import ResourceError
    from depthgauge.training.device import available_device

    try:
        available_device(Device.cuda)
    except ResourceError as error:
        return f"{error}; or rehearse on the CPU with --rehearse"
    return ""


def run_parts(asked: argparse.Namespace) -> dict[str, int]:
    """Run one part after the other within the time; return the exit code of each."""
    start = time.time()
    codes = {}
    for part, share in PARTS.items():
        limit = start + share * 60 * asked.minutes
        codes[part] = _until_done(part, asked, start, limit)
    return codes


def _until_done(part: str, asked: argparse.Namespace, start: float, limit: float) -> int:
    """Start the part's process, again where a fault ended it; return the last exit code."""
    soon = limit - min(RESERVE, (limit - start) / 10)
    words = [sys.executable, str(Path(__file__).with_name("first_run_parts.py")), part]
    words += [str(asked.out), str(start), str(soon), "cpu" if asked.rehearse else "cuda"]
    folders = [str(ROOT / each) for each in ("src", "bench", "tests/gpu")]
    path = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    code = 1
    with (asked.out / "log.txt").open("a", encoding="utf-8") as log:
        for _ in range(TRIES):
            if time.time() >= soon:
                log.write(f"{part}: no time is left\n")
                break
            log.write(f"\n{part}, {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
            log.flush()
            code = _child(words, {**os.environ, "PYTHONPATH": path}, log, limit - time.time())
            if code in (0, 1):
                break
            log.write(f"{part}: its process ended with {code}\n")
    return code


def _child(words: list[str], environment: dict[str, str], log: IO[str], seconds: float) -> int:
    """Return the exit code of a process that may take so long, 124 if it was killed for it."""
    try:
        found = subprocess.run(
            words, env=environment, stdout=log, stderr=log, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return 124
    return found.returncode


def summary(out: Path) -> str:
    """Return some lines about what the folder holds."""
    lines = []
    for name in ("checks", "rates", "fig11"):
        path = out / f"{name}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for key, value in found.items():
            lines.append(f"{name}: {key}: {json.dumps(value)}"[:200])
    return "\n".join(lines)


if __name__ == "__main__":
    main()
