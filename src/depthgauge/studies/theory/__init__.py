"""Milman's answer and mean field theory: their claims, and how records are read for them."""
