"""Verdicts and records become figures, tables and one self-contained page."""
