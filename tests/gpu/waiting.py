"""Whether the host waits for the GPU, which torch can be asked to refuse."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def waiting_refused(device: str) -> Iterator[None]:
    """Let torch raise where the host waits for CUDA; the mode before comes back in any case."""
    if device != "cuda":
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    try:
        with warnings.catch_warnings():
            # torch says once that this mode is a prototype
            warnings.filterwarnings("ignore", ".*prototype feature.*")
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
