"""The engine on a CUDA GPU: model-steps a second against R, with and without graphs.

    python bench/gpu.py
    python bench/gpu.py --problems nielsen --replicas 1 64 --seconds 1

A row trains R networks on mini-batches of ten, from the drawing of their order on, without probes.
"share" is what the steps must at least move, over what a copy of 1 GiB moves in the same time:
near 1 the memory is the limit, far below it launches and latency are. Without a GPU one sentence
and exit code 4.
"""

import argparse
import gc
import itertools
import time
from functools import partial

import torch
from ours import block_of, prepared
from problems import PROBLEMS, Problem, examples

from depthgauge.config import Device, Precision
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import ResourceError
from depthgauge.training.descent import build_module
from depthgauge.training.device import available_device, set_products
from depthgauge.training.engine import CHUNK
from depthgauge.training.module import ReplicaModule
from depthgauge.training.schedule import Chunk
from depthgauge.training.torch_engine import TorchEngine

FAMILIES = {"nielsen": (1, 4, 16, 64, 256, 1024, 4096), "glorot": (1, 2, 4, 16, 64)}
"""Narrow nets, which launches hold up, and nets of 18 MB, which the memory does; with their R."""
SEEDS = 64
"""At most so many orders of examples are drawn; a rate search shares them as well."""
COPIED = 1 << 30
"""Bytes of the copy that the bandwidth is measured with: far more than any cache holds."""
FLOAT = 4
"""Bytes."""


def main() -> None:
    """Measure and print a table, a row a family and R."""
    from rich.console import Console  # gpu_first_run.py measures where there is no rich
    from rich.table import Table

    parser = argparse.ArgumentParser(description="Model-steps a second of a CUDA GPU.")
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=[*FAMILIES])
    parser.add_argument("--replicas", nargs="+", type=int, metavar="R", help="in place of ours")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure a row")
    asked = parser.parse_args()
    try:
        device = available_device(Device.cuda)
    except ResourceError as error:
        parser.exit(error.exit_code, f"{error}\n")
    set_products(Precision.float32, device)
    bandwidth = copy_bandwidth()
    name = torch.cuda.get_device_name()
    title = f"{name}, torch {torch.__version__}, copy {bandwidth / 1e9:,.0f} GB/s, TF32 off"
    table = Table("family", "R", "eager", "graphs", "ratio", "share", title=title)
    data = prepared(*examples())
    for family in asked.problems:
        for replicas in asked.replicas or FAMILIES.get(family, FAMILIES["nielsen"]):
            found = row(family, replicas, data, asked.seconds, bandwidth)
            table.add_row(family, str(replicas), *found)
    Console(width=100).print(table)
    print("eager, graphs: model-steps a second; share of the bandwidth: with graphs")


def row(
    family: str, replicas: int, data: Prepared, seconds: float, bandwidth: float
) -> tuple[str, str, str, str]:
    """Return both speeds, their ratio and the share; dashes where the memory is too small."""
    try:
        found = rates(family, replicas, data, seconds, bandwidth)
    except torch.OutOfMemoryError:
        return "-", "-", "-", "-"
    eager, graphs, share = found["eager"], found["graphs"], found["share"]
    return f"{eager:,.0f}", f"{graphs:,.0f}", f"{graphs / eager:.1f}", f"{share:.0%}"


def rates(
    family: str,
    replicas: int,
    data: Prepared,
    seconds: float,
    bandwidth: float,
    device: str = "cuda",
) -> dict[str, float]:
    """Return model-steps a second launched one by one (eager) and as graphs, and the share.

    On the CPU there are no graphs: both speeds are of the same steps.
    """
    problem = PROBLEMS[family]
    eager, graphs = (
        speed(problem, replicas, data, seconds, kind, device) for kind in (False, True)
    )
    share = graphs * bytes_moved(problem) / bandwidth
    return {"eager": eager, "graphs": graphs, "share": share}


def speed(
    problem: Problem, replicas: int, data: Prepared, seconds: float, graphs: bool, device: str
) -> float:
    """Return model-steps a second of `replicas` networks, after two chunks to warm up."""
    gc.collect()  # a module and its recorded step refer to each other
    module = module_of(problem, replicas, data, graphs)
    module.to(device)
    module.on_fit_start()
    run(module, 0, 2)
    pace = 2 / run(module, 2, 2)
    chunks = max(2, round(pace * seconds))
    return replicas * chunks * CHUNK / run(module, 4, chunks)


def module_of(problem: Problem, replicas: int, data: Prepared, graphs: bool) -> ReplicaModule:
    """Return the networks on the CPU, with more steps before them than will be made."""
    count = len(data.train.labels)
    block = block_of(problem, replicas, steps=10**8, count=count, every=0)
    block.replicas[:] = [(seed % SEEDS, rate) for seed, rate in block.replicas]
    return build_module(block, data, partial(TorchEngine, graphs=graphs))


def run(module: ReplicaModule, first: int, chunks: int) -> float:
    """Do so many chunks from chunk `first` on; return their seconds."""
    wait(module.device)
    start = time.perf_counter()
    for number in range(first, first + chunks):
        module.run(Chunk(number * CHUNK, (number + 1) * CHUNK))
    wait(module.device)
    return time.perf_counter() - start


def wait(device: str | torch.device) -> None:
    """Wait until `device` has done all that it was asked for."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def copy_bandwidth(device: str = "cuda", copied: int = COPIED) -> float:
    """Return the bytes a second, read and written, of a copy from memory to memory; best of 10."""
    source = torch.ones(copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    found = 0.0
    for _ in range(10):
        wait(device)
        start = time.perf_counter()
        target.copy_(source)
        wait(device)
        found = max(found, 2 * copied / (time.perf_counter() - start))
    return found


def bytes_moved(problem: Problem) -> int:
    """Return the bytes that a step of one network must move at least.

    Weights are read going forward, read and written by the update, and read going back, but for
    the first layer's; inputs are gathered (read, written), read forward and by the update;
    activations and deltas are written once and read twice.
    """
    first, *others = (n_in * n_out for n_in, n_out in itertools.pairwise(problem.widths))
    weights = 3 * first + 4 * sum(others)
    rows = 4 * problem.widths[0] + 6 * sum(problem.widths[1:])
    return FLOAT * (weights + problem.batch * rows)


if __name__ == "__main__":
    main()
