"""Architecture without training: activations, initializers, costs, R networks at once."""
