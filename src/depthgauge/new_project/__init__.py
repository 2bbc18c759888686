"""What `depthgauge init` writes into a project."""
