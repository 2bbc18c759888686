"""A step recorded once as a CUDA graph and replayed: one launch in place of some forty.

A step of small networks keeps a GPU busy for less time than a processor needs to launch its parts.
The recording holds addresses, not values: what changes from step to step must lie where it lay.
"""

from collections.abc import Callable

import torch


class GraphedStep:
    """`step` on the current CUDA device: run as it is the first time, then recorded, replayed.

    The first run lets the libraries allocate what they keep; recording itself computes nothing.
    Both use a stream of their own, which a recording must, and which no other graph shares:
    destroying a graph frees the workspace of its stream.
    Source: PyTorch, "CUDA semantics", section "CUDA Graphs".
    """

    def __init__(self, step: Callable[[], None]) -> None:
        """Record `step`, which must neither ask for a number nor move what it works on."""
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
            with torch.cuda.graph(self.graph, stream=self.stream):
                self.step()
        self.graph.replay()

    def _run_aside(self) -> None:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.step()
        torch.cuda.current_stream().wait_stream(self.stream)
        self.warm = True
