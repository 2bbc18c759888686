"""Data sets: raw bytes fetched and verified, arrays prepared from them, generated ones."""
