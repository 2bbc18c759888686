"""Why a twelve-layer tanh net as PyTorch initializes it does not train, and what helps."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from depthgauge import diagnose

pixels, labels = load_digits(return_X_y=True)
pixels = torch.tensor(pixels / 16, dtype=torch.float32)
labels = torch.tensor(labels)


def make():
    """Return a fresh network, its loss, its batches and its optimizer."""
    layers = []
    for _ in range(12):
        layers += [nn.Linear(64, 64), nn.Tanh()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    order = torch.randperm(len(labels)).split(64)
    batches = [(pixels[rows], labels[rows]) for rows in order]
    return net, loss, batches, torch.optim.SGD(net.parameters(), lr=0.1)


def loss(net, batch):
    return functional.cross_entropy(net(batch[0]), batch[1])


if __name__ == "__main__":
    report = diagnose(make, steps=(0, 100), seeds=5, tries=True)
    print(report)
    report.page("flow.html")
