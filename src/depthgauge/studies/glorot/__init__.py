"""Glorot and Bengio 2010: their figures, Table 1 and sentences, and how records are read."""
