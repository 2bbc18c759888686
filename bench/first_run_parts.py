"""One part of gpu_first_run.py, in a process of its own: checks, rates or Fig. 11.

A failure is logged with its traceback and the rest goes on; where it has broken the GPU's context,
which then answers nobody in this process, the exit code asks for a new one.
"""

import faulthandler
import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from depthgauge.config import Precision
from depthgauge.files import write_text
from depthgauge.training.device import gpu, set_products

LATE = 5.0
"""Seconds past its time after which a part logs where it hangs."""
BROKEN = 3
"""Exit code where the process is of no more use, but the part is."""
ROWS = {"cuda": (("nielsen", (1, 64, 1024)), ("glorot", (1, 3, 16))), "cpu": (("nielsen", (1, 2)),)}
"""Families of bench/gpu.py and their R: narrow nets, and nets of five layers of 1,000 units."""


class Run:
    """Results by name in a JSON file, written after each, so that another process can go on."""

    def __init__(self, path: Path, call: float, until: float, device: str) -> None:
        """Keep them at `path`; begin nothing after `until`, seconds since the epoch."""
        self.path, self.call, self.until, self.device = path, call, until, device
        self.found: dict[str, Any] = {}
        if path.is_file():
            self.found = json.loads(path.read_text(encoding="utf-8"))

    def each(self, work: Mapping[str, Callable[[], Mapping[str, Any] | None]]) -> bool:
        """Do what is not done yet, and what failed in an earlier call; return whether all is well.

        A state that still says "running" belongs to a process that ended before it was done.
        """
        for name, does in work.items():
            if self.state(name) == "passed" or self.given_up(name):
                continue
            if time.time() >= self.until:
                print(f"{name}: no time is left", flush=True)
                break
            self.do(name, does)
        return all(self.state(name) == "passed" for name in work)

    def state(self, name: str) -> str:
        """Return passed, failed or running; "" for what was never begun."""
        return self.found.get(name, {}).get("state", "")

    def given_up(self, name: str) -> bool:
        """Return whether it failed in this call, or ended a process of it."""
        return self.state(name) != "passed" and self.found.get(name, {}).get("call") == self.call

    def do(self, name: str, does: Callable[[], Mapping[str, Any] | None]) -> None:
        """Do it, and keep what it returns, or its error."""
        self._note(name, {"state": "running"})
        start = time.perf_counter()
        try:
            values = {"state": "passed", **(does() or {})}
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            values = {"state": "failed", "error": f"{type(error).__name__}: {error}"[:500]}
        self._note(name, {**values, "seconds": round(time.perf_counter() - start, 2)})
        if values["state"] == "failed":
            require_context(self.device)

    def _note(self, name: str, values: Mapping[str, Any]) -> None:
        print(f"{name}: {json.dumps(values)}", flush=True)
        self.found[name] = {**values, "call": self.call}
        write_text(self.path, json.dumps(self.found, indent=1) + "\n")


def require_context(device: str) -> None:
    """End the process, asking for another one, where the GPU answers it no more."""
    try:
        torch.ones(1, device=device).item()
    except RuntimeError:
        print("the GPU's context is broken; a new process goes on", flush=True)
        sys.exit(BROKEN)


def run_checks(checks: Mapping[str, Callable[[str, Path], None]], run: Run) -> bool:
    """Run the GPU checks, each with a folder that is removed afterwards."""

    def one(check: Callable[[str, Path], None]) -> None:
        with TemporaryDirectory() as folder:
            check(run.device, Path(folder))

    return run.each({name: lambda check=check: one(check) for name, check in checks.items()})


def measure_rates(run: Run, rows: Iterable[tuple[str, tuple[int, ...]]]) -> bool:
    """Measure the bandwidth of a copy, then model-steps a second against R."""
    from ours import prepared
    from problems import examples, synthetic

    import gpu as bench

    small = run.device == "cpu"
    copied, seconds = (1 << 22, 0.01) if small else (bench.COPIED, 1.0)
    data = prepared(*(synthetic(200) if small else examples()))
    set_products(Precision.float32, run.device)
    copy = bench.copy_bandwidth(run.device, copied)

    def one(family: str, replicas: int) -> dict[str, float]:
        found = bench.rates(family, replicas, data, seconds, copy, run.device)
        return {"copy_bytes_per_second": copy, **found}

    return run.each(
        {
            f"{family}, R={replicas}": lambda f=family, r=replicas: one(f, r)
            for family, counts in rows
            for replicas in counts
        }
    )


def main() -> None:
    """Do the part that the command line names: part, folder, call, until, device."""
    part, out, call, until, device = sys.argv[1:]
    warnings.simplefilter("default")
    faulthandler.enable()
    faulthandler.dump_traceback_later(max(0.1, float(until) + LATE - time.time()))
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}", gpu(Precision.float32, device), flush=True)
    run = Run(Path(out) / f"{part}.json", float(call), float(until), device)
    if part == "checks":
        import diagnosis_checks  # pyright: ignore[reportMissingImports]  # of tests/gpu
        import gpu_checks  # pyright: ignore[reportMissingImports]

        well = run_checks({**gpu_checks.CHECKS, **diagnosis_checks.CHECKS}, run)
    elif part == "rates":
        well = measure_rates(run, ROWS[device])
    else:
        from fig11 import train_models

        well = train_models(run, Path(out))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
