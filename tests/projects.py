"""Small projects to try commands in: this one's conf, a data set with MNIST's shape, no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from depthgauge.datasets.prepared import Prepared, path_of, write

ROOT = Path(__file__).parents[1]


def make_project(root: Path, data: Prepared) -> Path:
    """Write a project without stages at `root`, `data` prepared; return its root."""
    shutil.copytree(ROOT / "conf", root / "conf")
    (root / "dvc.yaml").write_text("stages: {}\n")
    write(data, path_of(root, data.name))
    return root


def put_under_dvc(root: Path, study: str, *words: str) -> None:
    """Put a project under git and DVC, with stages that train `study`, judge and report it.

    `words` are those of `depthgauge train`.
    """
    (root / "dvc.yaml").write_text(yaml.safe_dump(_pipeline(study, words), sort_keys=False))
    (root / ".gitignore").write_text(".cells/\nmlflow.db*\nmlruns/\n")
    for command in (
        "git init -q",
        "dvc init -q",
        "dvc config core.analytics false",
        "dvc add -q data/prepared/mnist.safetensors",
    ):
        subprocess.run(
            command.split(), cwd=root, env=environment(), check=True, stdin=subprocess.DEVNULL
        )


def environment() -> dict[str, str]:
    """Return ours, with this Python's programs and these sources first."""
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
    sources = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PATH": os.pathsep.join(programs),
        "PYTHONPATH": os.pathsep.join(filter(None, sources)),
    }


def _pipeline(study: str, words: tuple[str, ...]) -> dict:
    built = f"build/{study}"
    train = ["depthgauge", "train", f"study={study}", *words, "tracking=false", f"out={built}"]
    return {
        "stages": {
            "train": {
                "cmd": " ".join(train),
                "deps": ["data/prepared/mnist.safetensors", "conf"],
                "outs": [built],
            },
            "judge": {
                "cmd": "depthgauge judge",
                "deps": [built],
                "outs": [{"results/claims.json": {"cache": False}}],
                "metrics": [{"results/metrics.json": {"cache": False}}],
            },
            "report": {
                "cmd": "depthgauge report",
                "deps": [built, "results/claims.json"],
                "outs": [{"results/report.html": {"cache": False}}],
            },
        }
    }
