"""The state of .cells and build/."""
