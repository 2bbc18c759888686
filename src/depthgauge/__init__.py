"""depthgauge: how the learning signal survives depth, reproduced, explored, judged."""
