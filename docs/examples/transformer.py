"""A small transformer in a plain training loop: `watch` it."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from depthgauge import watch


class Rows(nn.Module):
    """Reads a digit as a sequence of its eight rows."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            32, 4, 64, dropout=0.0, batch_first=True, norm_first=True
        )
        self.embed = nn.Linear(8, 32)
        self.encoder = nn.TransformerEncoder(layer, num_layers=4, enable_nested_tensor=False)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x)).mean(dim=1))


if __name__ == "__main__":
    torch.manual_seed(0)
    pixels, labels = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 8, 8)
    labels = torch.tensor(labels)
    net = Rows()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    with watch(net, optimizer, every=50) as flow:
        for _ in range(5):
            for rows in torch.randperm(len(labels)).split(64):
                loss = functional.cross_entropy(net(images[rows]), labels[rows])
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
    print(flow.verdicts)
    flow.page("flow.html")
