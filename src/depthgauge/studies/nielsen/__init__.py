"""M. Nielsen, Neural Networks and Deep Learning, ch. 5: its claims, and how records are read."""
