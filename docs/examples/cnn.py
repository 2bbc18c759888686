"""A convolutional net in a Lightning Trainer: one callback, nothing else changes."""

import pytorch_lightning as pl
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from depthgauge import GradientFlow


class Digits(pl.LightningModule):
    def __init__(self, layers: int = 10) -> None:
        super().__init__()
        body = []
        for place in range(layers):
            body += [nn.Conv2d(8 if place else 1, 8, 3, padding=1), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8, 10)

    def training_step(self, batch, _):
        return functional.cross_entropy(self.head(self.body(batch[0])), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


if __name__ == "__main__":
    pl.seed_everything(0)
    pixels, labels = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    data = DataLoader(TensorDataset(images, torch.tensor(labels)), batch_size=64, shuffle=True)
    flow = GradientFlow()
    trainer = pl.Trainer(max_epochs=5, callbacks=[flow], logger=False, accelerator="cpu")
    trainer.fit(Digits(), data)
    print(flow.verdicts)
