"""An extra set that comes after a first `dvc repro`: the second one trains it alone."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from test_served_archives import cifar_files

from depthgauge.datasets.prepared import Split, assemble, path_of, write
from depthgauge.records import read_study

ROOT = Path(__file__).parents[2]

PREPARE = """
from depthgauge.datasets import catalogue
from depthgauge.datasets.prepared import path_of
from depthgauge.cli import main, prepare

of_extra_sets = prepare.prepare
prepare.prepare = lambda root, name, unreadable: (
    path_of(root, name) if name in catalogue.PIPELINE else of_extra_sets(root, name, unreadable)
)
main.main(["prepare"])
"""
"""depthgauge prepare, where the pipeline's sets are small ones that are there already."""


def pipeline():
    """Return dvc.yaml with two studies, without the deps and outs that a small project lacks."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    made, train = stages["prepare"], stages["train"]
    made["cmd"] = f"{sys.executable} prepare.py"
    made["deps"] = ["data/extra.json"]
    made["outs"] = [out for out in made["outs"] if out.endswith(".json")]
    variables = yaml.safe_load((ROOT / "conf" / "pipeline.yaml").read_text())
    names = ("glorot_cost_surface", "glorot_error")
    studies = {name: variables["studies"][name] for name in names}
    do = train["do"]
    do["cmd"] = do["cmd"].replace("hydra/launcher=${item.launcher}", "tracking=false")
    do["deps"] = [dep for dep in do["deps"] if not dep.startswith("src/")]
    variables |= {"scale": "smoke", "studies": studies}
    return {"vars": [variables], "stages": {"prepare": made, "train": train}}


@pytest.fixture
def project(tmp_path, tiny_mnist):
    """A project under git and DVC, with small sets in place of the pipeline's, and one model."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "conf", root / "conf")
    page = root / "conf" / "study" / "glorot_error.yaml"
    text = page.read_text()
    assert "model: sigmoid,tanh," in text
    page.write_text(text.replace("model: sigmoid,tanh,", "model: tanh #"))
    (root / "dvc.yaml").write_text(yaml.safe_dump(pipeline()))
    (root / "prepare.py").write_text(PREPARE)
    (root / "data").mkdir()
    shutil.copy(ROOT / "data" / "extra.json", root / "data" / "extra.json")
    (root / ".gitignore").write_text("/data/extra\n/data/prepared\n.cells/\n")
    for name in ("mnist", "imagenet_sample", "shapeset"):
        splits = {each: getattr(tiny_mnist, each) for each in ("train", "validation", "test")}
        splits = {key: Split(s.images, s.labels % 9) for key, s in splits.items()}
        write(assemble(name, (28, 28), tuple("012345678"), splits), path_of(root, name))
    return root


def run(root, *words):
    """Run a command of this environment in `root`; return what it printed."""
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        words,
        cwd=root,
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(root.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trained(root):
    """Return the data sets of the records that the pipeline has assembled."""
    return [record.attrs["data"]["name"] for record in read_study(root / "build" / "glorot_error")]


@pytest.mark.slow
def test_a_set_fetched_later_is_trained_by_a_second_repro(project, tmp_path):
    """Its cells alone are computed, the study without a place for it does not run again."""
    run(project, "git", "init", "-q")
    run(project, "dvc", "init", "-q")
    assert "cifar10 is left out" in run(project, "dvc", "repro")
    assert trained(project) == ["shapeset", "mnist"]
    assert "up to date" in run(project, "dvc", "status")
    kept = sorted(path.parent.name for path in project.glob(".cells/*/record.safetensors"))

    (archive,) = cifar_files(tmp_path)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    run(project, "depthgauge", "fetch", "dataset=cifar10", f"file={archive}", f"sha256={digest}")
    run(project, "depthgauge", "prepare", "dataset=cifar10")
    again = run(project, "dvc", "repro")
    assert "'train@glorot_cost_surface' didn't change" in again
    assert "3 cells done (2 already finished)" in again
    assert "cifar10 is left out" not in again and "imagenet is left out" in again
    assert trained(project) == ["shapeset", "mnist", "cifar10"]
    assert len(list(project.glob(".cells/*/record.safetensors"))) == len(kept) + 1
    assert "up to date" in run(project, "dvc", "status")
