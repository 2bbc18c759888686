"""Remedies for nets that do not learn: what this project found, and how records are read."""
