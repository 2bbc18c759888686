import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "environment.py"

PIP = """
import os, sys
from pathlib import Path

Path("pip.log").open("a").write(" ".join(sys.argv[1:]) + "\\n")
info = Path(sys.prefix, "lib").glob("python3*/site-packages").__next__() / "toy-1.dist-info"
info.mkdir(exist_ok=True)
(info.parent / "toy.py").write_text("x = 1")
(info / "RECORD").write_text("toy.py,,5\\ntoy-1.dist-info/RECORD,,\\n")
sys.exit(int(os.environ.get("PIP_ENDS", "0")))
"""
"""Stands in for pip: notes its arguments and installs one package, without any index."""


@pytest.fixture
def project(tmp_path):
    """A project with an empty .venv whose pip is the stand-in."""
    (tmp_path / "constraints.txt").write_text("toy==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    pip = site(tmp_path) / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(PIP)
    (tmp_path / ".venv/bin/pip").write_text(f"#!{tmp_path}/.venv/bin/python\n")
    return tmp_path


def site(project):
    return next((project / ".venv").glob("lib/python3*/site-packages"))


def run(project, *options, **environment):
    command = [sys.executable, "-B", SCRIPT, *options]
    return subprocess.run(
        command, cwd=project, env=os.environ | environment, capture_output=True, text=True
    )


def installations(project):
    log = project / "pip.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def assert_broken(answer, reason):
    """One sentence: what, where, what to do; and not success."""
    assert answer.returncode != 0
    assert answer.stderr.count("\n") == 1
    assert ".venv" in answer.stderr
    assert reason in answer.stderr
    assert "rm -rf .venv" in answer.stderr


def test_a_new_environment_is_pinned_and_a_fresh_one_left_alone(project):
    """The project is installed once, editable, under the constraints; then nothing is to do."""
    assert run(project).returncode == 0
    asked = "install --quiet -c constraints.txt -e .[pipeline,dev,team,optuna]\n"
    assert (project / "pip.log").read_text() == asked
    again = run(project)
    assert (again.returncode, again.stdout, installations(project)) == (0, "", 1)


@pytest.mark.parametrize("file", ["constraints.txt", "pyproject.toml"])
def test_a_stale_environment_is_updated(project, file):
    """Another pin or requirement than the one installed leads to a new installation."""
    run(project)
    (project / file).write_text("# changed\n")
    assert run(project).returncode == 0
    assert installations(project) == 2


def test_an_installation_that_was_cut_off_is_repeated(project):
    """What pip did not finish does not count as done."""
    cut = run(project, PIP_ENDS="1")
    assert cut.returncode != 0
    assert "repeat" in cut.stderr
    assert run(project).returncode == 0
    assert run(project).returncode == 0
    assert installations(project) == 2


def test_an_update_that_was_cut_off_is_repeated(project):
    """Neither does an update, although the files asked for are then the old ones again."""
    run(project)
    old = (project / "constraints.txt").read_text()
    (project / "constraints.txt").write_text("toy==2\n")
    run(project, PIP_ENDS="1")
    (project / "constraints.txt").write_text(old)
    assert run(project).returncode == 0
    assert installations(project) == 3


def test_a_package_that_was_removed_comes_back(project):
    """A package taken out of .venv by hand is noticed and installed again."""
    run(project)
    shutil.rmtree(site(project) / "toy-1.dist-info")
    assert run(project).returncode == 0
    assert installations(project) == 2


def test_a_package_with_missing_files_is_named(project):
    """pip believes a package whose files are gone; we do not."""
    broken = site(project) / "half-1.dist-info"
    broken.mkdir()
    (broken / "RECORD").write_text("half.py,,5\n")
    assert_broken(run(project), "half")
    (site(project) / "half.py").write_text("x = ")
    assert_broken(run(project), "half")
    (site(project) / "half.py").write_text("x = 1")
    assert run(project).returncode == 0


def test_a_package_without_a_record_is_named(project):
    """pip writes the record last; without one the package was never finished."""
    (site(project) / "begun-1.dist-info").mkdir()
    assert_broken(run(project), "begun")


def test_a_python_that_is_gone_is_reported(project):
    """The Python that .venv was made with was uninstalled."""
    run(project)
    python = project / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert_broken(run(project), "Python does not start")


def test_a_moved_environment_is_reported(project, tmp_path_factory):
    """Scripts in a moved .venv would start the Python of the old place."""
    run(project)
    moved = tmp_path_factory.mktemp("moved") / "project"
    shutil.copytree(project, moved, symlinks=True)
    assert_broken(run(moved), "moved")


def test_an_environment_without_its_configuration_is_reported(project):
    """Without pyvenv.cfg pip would install into the system's Python."""
    (project / ".venv/pyvenv.cfg").unlink()
    answer = run(project, PYTHONPATH=str(site(project)))
    assert_broken(answer, "pyvenv.cfg")
    assert installations(project) == 0


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_something_else_at_its_place_is_reported(tmp_path, make):
    """A file, or an empty folder, called .venv is not removed by us."""
    make(tmp_path / ".venv")
    assert_broken(run(tmp_path), "does not start")
    assert (tmp_path / ".venv").exists()


def test_another_python_asked_for_is_not_silently_ignored(project):
    """PYTHON=python3.x with a .venv of another version ends in a sentence."""
    library = site(project).parent
    library.rename(library.with_name("python3.1"))
    assert_broken(run(project, "--asked"), f"Python 3.{sys.version_info[1]}")


def test_a_python_that_is_too_old_is_named(tmp_path, monkeypatch):
    """A Python before 3.11 makes no .venv; the sentence says how to name another."""
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    environment = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(environment)
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"3\.9.*3\.11.*make PYTHON="):
        environment.create(tmp_path / ".venv")
    assert not (tmp_path / ".venv").exists()
