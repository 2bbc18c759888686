"""`depthgauge init` writes a project that trains, from a clone and from an installed wheel."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from dvc.utils.serialize import modify_yaml

from projects import ROOT, environment

FAST = ("steps=10", "seeds=1", "evaluation.every=5", "tracking=false", "gradients.every=5")


def test_a_project_has_the_pages_and_runs_its_first_study(tmp_path, monkeypatch, depthgauge):
    """conf/ is the clone's, with one study more; dvc.yaml names files that are there."""
    monkeypatch.chdir(tmp_path)
    code, said, wrong = depthgauge("init", "mine")
    assert code == 0 and "next is `cd mine`" in said, wrong
    pages = {path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml")}
    there = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*.yaml")}
    assert sorted(map(str, there - pages)) == ["conf/study/first.yaml", "dvc.yaml"]
    assert pages <= there
    stage = yaml.safe_load((tmp_path / "mine" / "dvc.yaml").read_text())["stages"]["first"]
    assert all((tmp_path / "mine" / dep).exists() for dep in stage["deps"])
    assert "/.cells/" in (tmp_path / "mine" / ".gitignore").read_text()
    (tmp_path / "mine" / "dvc.yaml").unlink()  # conf/ alone makes a project
    trained = _train(tmp_path / "mine", environment()["PYTHONPATH"], *stage["cmd"].split()[2:])
    assert trained.returncode == 0, trained.stderr
    assert "first: 3 cells done" in trained.stdout
    assert len(list((tmp_path / "mine" / "build" / "first").glob("*.safetensors"))) == 3


def test_status_leads_with_the_projects_own_study(tmp_path, monkeypatch, depthgauge):
    """The package's studies appear with --all, by name, and once they are in build/."""
    monkeypatch.chdir(tmp_path)
    depthgauge("init", "mine")
    monkeypatch.chdir(tmp_path / "mine")
    pages = len(list((ROOT / "conf" / "study").glob("*.yaml")))
    code, out, err = depthgauge("status")
    assert (code, err) == (0, "") and "activation=elu" in out
    assert "bounds" not in out and f"{pages} studies of the package are not trained here" in out
    code, out, _ = depthgauge("status", "study=glorot_svm")
    assert code == 0 and "glorot_svm" in out and "not trained here" not in out
    (tmp_path / "mine" / "build" / "glorot_svm").mkdir(parents=True)
    code, out, _ = depthgauge("status", "--json")
    assert code == 0
    assert [each["study"] for each in json.loads(out)["studies"]] == ["first", "glorot_svm"]
    for page in (tmp_path / "mine/conf/study").glob("*.yaml"):
        if page.stem not in ("first", "glorot_svm", "nielsen_chain"):
            page.unlink()
    _, out, _ = depthgauge("status", "--json", "--all")
    assert len(json.loads(out)["studies"]) == 3


PAGES = [ROOT / "src/depthgauge/new_project/first.yaml", *(ROOT / "conf/study").glob("*.yaml")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_remains_yaml_when_dvc_sets_a_key_in_it(page, tmp_path):
    """`dvc exp run -S conf/study/first.yaml:seeds=7` writes the page anew, with fewer quotes."""
    written = tmp_path / "page.yaml"
    shutil.copy(page, written)
    with modify_yaml(written) as keys:
        keys["seeds"] = 7
    assert yaml.safe_load(written.read_text()) == {
        **yaml.safe_load(page.read_text()),
        "seeds": 7,
    }


def test_nothing_is_written_over(tmp_path, monkeypatch, depthgauge):
    """A folder with files, and a file, are refused; an empty folder is taken."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    assert depthgauge("init", "full")[0] == 2
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    code, _, said = depthgauge("init", "full/notes.txt")
    assert code == 2 and "is a file" in said
    assert depthgauge("init", "empty")[0] == 0 and (tmp_path / "empty" / "dvc.yaml").exists()


@pytest.mark.slow
def test_a_wheel_brings_what_init_writes(tmp_path):
    """Built, unpacked and used without the clone: the project's first study trains."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.egg-info"))
    (source / "docs" / "examples").mkdir(parents=True)
    shared = ("docs/examples/my_functions.py", "data.dvc", "README.md", "LICENSE", "setup.py")
    for name in (*shared, "pyproject.toml", "MANIFEST.in"):
        shutil.copy(ROOT / name, source / name)
    build = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([sys.executable, *build, str(source)], check=True)
    shutil.rmtree(source)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    path = str(tmp_path / "installed")
    made = _run(tmp_path, path, "init", "mine")
    assert made.returncode == 0, made.stderr
    trained = _train(tmp_path / "mine", path, "study=first")
    assert trained.returncode == 0 and "first: 3 cells done" in trained.stdout, trained.stderr


def _train(folder, path, *words):
    return _run(folder, path, "train", *words, *FAST)


def _run(folder, path, *words):
    """Run a command in its own process, with the package that lies in `path`."""
    own = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "depthgauge.cli", *words]
    return subprocess.run(line, cwd=folder, env=own, capture_output=True, text=True, timeout=300)
