"""Two results: what differs between them, and whether chance alone explains it."""
