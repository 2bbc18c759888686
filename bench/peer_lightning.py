"""Plain Lightning: a LightningModule, a DataLoader over a TensorDataset, automatic optimization.

No logger, no progress bar, no checkpoints, no summary: Lightning at its quickest.
"""

import logging
import warnings
from functools import partial

import pytorch_lightning as pl
import torch
import torch_net
from clock import arguments, report
from problems import PROBLEMS, Problem, examples
from stopwatch import Stopwatch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class DenseNet(pl.LightningModule):
    """A dense net under SGD."""

    def __init__(self, problem: Problem, net: nn.Module, examples: int) -> None:
        """Train `net` on `examples` examples."""
        super().__init__()
        self.problem, self.net, self.examples = problem, net, examples

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the cost of a mini-batch."""
        x, y = batch
        return torch_net.cost(self.problem, self.net(x), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return plain SGD."""
        return torch_net.optimizer(self.problem, self.net, self.examples)


def train(problem: Problem, net: nn.Module, data: TensorDataset, steps: int) -> float:
    """Train `net` for some steps; return their seconds."""
    stopwatch = Stopwatch()
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=steps,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=[stopwatch],
    )
    loader = DataLoader(data, batch_size=problem.batch, shuffle=True)
    trainer.fit(DenseNet(problem, net, len(data)), loader)
    return stopwatch.seconds


def main() -> None:
    """Print the speed of one problem."""
    options = arguments().parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", ".*num_workers.*")  # more workers are slower here
    problem = PROBLEMS[options.problem]
    images, labels = map(torch.from_numpy, examples())
    data = TensorDataset(*torch_net.pairs(problem, images, labels))
    report(options, partial(train, problem, torch_net.build(problem), data))


if __name__ == "__main__":
    main()
