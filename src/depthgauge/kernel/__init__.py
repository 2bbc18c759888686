"""Gradient descent on small networks, compiled: one replica at a time, all of it in the cache."""
