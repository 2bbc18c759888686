"""A step captured once as a CUDA graph and replayed: one launch in place of some forty.

A step of small networks keeps a GPU busy for less time than a processor needs to launch its parts.
A graph holds addresses, not values: what changes from step to step must lie where it lay.
"""

from collections.abc import Callable

import torch


class GraphedStep:
    """Run `step` eagerly once, capture it as a CUDA graph, then replay it.

    The first run lets the libraries allocate what they keep; capturing computes nothing. Both use a
    stream of their own, as a capture must. Destroying a graph frees the workspace of its stream,
    and PyTorch deals streams from a pool of 32: let go of a graph when its training ends, before
    many others are made. Other threads may go on using CUDA during the capture.
    Source: PyTorch, "CUDA semantics", section "CUDA Graphs".
    """

    def __init__(self, step: Callable[[], None]) -> None:
        """Capture `step`, which must neither ask for a number nor move what it works on."""
        self.step = step
        self.stream = torch.cuda.Stream()
        self.graph: torch.cuda.CUDAGraph | None = None
        self.warm = False

    def __call__(self) -> None:
        """Do one step."""
        if not self.warm:
            self._run_aside()
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            mode = "thread_local"
            with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode=mode):
                self.step()
        self.graph.replay()

    def _run_aside(self) -> None:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.step()
        torch.cuda.current_stream().wait_stream(self.stream)
        self.warm = True
