"""A block that a GPU's memory cannot hold at once is computed in parts, one after another.

The block's key says which replicas it has, not how many were together: on a GPU that may change
their last digits, and the record says how many were.
"""

import gc
import math
import sys
from collections.abc import Callable

import torch
import xarray as xr

from depthgauge.errors import ResourceError
from depthgauge.records import join
from depthgauge.training.block import Block, Task
from depthgauge.training.keys import block_key
from depthgauge.training.memory import room

TOGETHER = "together"
"""Attribute of a record computed in parts: how many replicas each of them had, in order."""

ON_THE_PROCESSOR = ("chain", "support_vectors", "surfaces")
"""Procedures that never use a GPU, so that its memory does not matter."""

Compute = Callable[[Task], xr.Dataset]


def compute_in_parts(
    task: Task, at_once: Compute, part: Callable[[Block], xr.Dataset]
) -> xr.Dataset:
    """Return the task's record: by `at_once` or, where memory is too small, of its parts.

    `part` computes and stores the record of one, which may be cut further. Raises
    ResourceError when the memory is too small for one replica.
    """
    count, experiment = len(task.block.replicas), task.block.experiment
    on_gpu = task.device == "cuda" and experiment.procedure not in ON_THE_PROCESSOR
    together = min(count, room(experiment, task.data)) if on_gpu else count
    if together == count:
        found = _unless_out_of_memory(task, at_once)
        if found is not None:
            return found
        together = math.ceil(count / 2)
        print(
            f"depthgauge: {count} networks of {experiment.hidden} do not fit into the memory of"
            f" {task.device} together; going on with {together} at a time",
            file=sys.stderr,
        )
    records = [part(each) for each in cut(task.block, together)]
    sizes = [size for each in records for size in each.attrs.get(TOGETHER, [each.sizes["replica"]])]
    return join(records, {TOGETHER: sizes})


def cut(block: Block, size: int) -> list[Block]:
    """Return the block's replicas in blocks of at most `size`, with keys of their own."""
    tables = [block.replicas[at : at + size] for at in range(0, len(block.replicas), size)]
    return [Block(block.experiment, t, block_key(block.cell, t), block.cell) for t in tables]


def _unless_out_of_memory(task: Task, at_once: Compute) -> xr.Dataset | None:
    """Return the record, or None, with the memory freed again, when there was too little of it."""
    count = len(task.block.replicas)
    try:
        return at_once(task)
    except torch.OutOfMemoryError:
        if count == 1:
            raise ResourceError(
                f"one network of {task.block.experiment.hidden} does not fit into the memory of"
                f" {task.device}; use device=cpu, or look at fewer images"
            ) from None
    gc.collect()  # the module and the trainer refer to each other
    torch.cuda.empty_cache()
    return None
