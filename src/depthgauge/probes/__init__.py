"""Tensors to numbers: what a network's learning signal looks like, layer by layer."""
