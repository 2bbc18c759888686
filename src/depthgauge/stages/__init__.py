"""Entry points, short: each module is one stage of `depthgauge STAGE`."""
