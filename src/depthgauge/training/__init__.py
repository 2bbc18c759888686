"""One grid cell to one record: Lightning carries it, the replica engine computes it."""
