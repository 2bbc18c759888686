"""The claims of Glorot and Bengio, from claims.yaml beside this file."""

from pathlib import Path

from depthgauge.claims.named import readers
from depthgauge.claims.register import load

READERS = readers(__name__)

REGISTER = load(Path(__file__).with_name("claims.yaml"), READERS)
