"""One measurement in a process of its own: warm up, say ready, wait for the start, measure."""

import argparse
import json
import resource
import sys
from collections.abc import Callable

from problems import PROBLEMS

WARM_UP = 100
"""Steps before any clock is read: the first ones fill caches, allocators and lazy imports."""


def arguments() -> argparse.ArgumentParser:
    """Return the options that every measurement has."""
    parser = argparse.ArgumentParser(description="Prints model-steps per second after a warm-up.")
    parser.add_argument("--problem", choices=PROBLEMS, default="nielsen")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure")
    parser.add_argument("--wait", action="store_true", help="start at a line on stdin")
    return parser


def report(options: argparse.Namespace, train: Callable[[int], float], models: int = 1) -> None:
    """Print the speed and the memory of `train`, which takes steps and returns their seconds.

    A model-step is one SGD step of one of the `models` that are trained together.
    """
    pace = WARM_UP / train(WARM_UP)
    # a second, longer warm-up: the first one's pace is too low to size the measurement with
    pace = max(20, round(pace / 4)) / train(max(20, round(pace / 4)))
    if options.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    steps = max(20, round(pace * options.seconds))
    speed = models * steps / train(steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"speed": speed, "megabytes": megabytes}), flush=True)
