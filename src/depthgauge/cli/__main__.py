"""`python -m depthgauge.cli` is `depthgauge`, where the console script is not on the path."""

from depthgauge.cli.main import main

main()
