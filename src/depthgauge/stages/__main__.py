"""`python -m depthgauge.stages` is `depthgauge`, where the console script is not on the path."""

from depthgauge.stages.main import main

main()
