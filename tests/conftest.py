"""Shapes in annotations are checked in tests, and only there."""

import sys
from pathlib import Path

import torch
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)  # bit-for-bit promises are made for one thread

for package in ("nets", "probes", "training"):
    install_import_hook(f"depthgauge.{package}", "beartype.beartype")
