"""The fetch stage in its own small project, with git, DVC and a pinned set."""

import argparse
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from depthgauge.cli import fetch
from depthgauge.cli.main import values_of
from depthgauge.datasets import catalogue, imagenet_archives
from depthgauge.datasets.catalogue import DataSet
from depthgauge.datasets.sources import RawFile, RawSet
from depthgauge.errors import ConfigError, DataError
from depthgauge.project import project_root

CONTENT = b"the right bytes"
FILE = RawFile(
    "a", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}", len(CONTENT), (), published="a.gz"
)
PINNED, EXTRA = RawSet("pinned", "o", "l", (FILE,)), RawSet("extra", "o", "l", (FILE,))
OWN = RawSet("own", "o", "l", (RawFile("photographs", "", 0, ()),))


def run(*overrides: str) -> None:
    """Run the stage as the command line does."""
    fetch.run(argparse.Namespace(values=values_of("fetch", overrides)))


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Return an empty project whose data sets a mirror has; nothing is under DVC yet."""
    monkeypatch.setattr(catalogue, "PINNED", ("pinned",))
    sets = {raw.name: DataSet(raw, lambda _: None) for raw in (PINNED, EXTRA, OWN)}  # type: ignore[arg-type,return-value]
    monkeypatch.setattr(catalogue, "SETS", sets)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "a.gz").write_bytes(gzip.compress(CONTENT))
    monkeypatch.setenv("DEPTHGAUGE_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("PIP_CERT", "")
    root = tmp_path / "project"
    (root / "deep" / "below").mkdir(parents=True)
    (root / "dvc.yaml").write_text("")
    monkeypatch.chdir(root / "deep" / "below")
    return root


@pytest.fixture(scope="module")
def pinned_repository(tmp_path_factory) -> Path:
    """Make a repository whose data.dvc pins the right bytes, once: DVC takes seconds."""
    root = tmp_path_factory.mktemp("pinned")
    (root / "dvc.yaml").write_text("")
    (root / "data" / "raw" / "pinned").mkdir(parents=True)
    (root / "data" / "raw" / "pinned" / "a").write_bytes(CONTENT)
    (root / "data.dvc").write_text("frozen: true\nouts:\n- path: data/raw\n")
    dvc = [sys.executable, "-m", "dvc"]
    for command in (
        ["git", "init", "-q"],
        [*dvc, "init", "-q"],
        [*dvc, "config", "core.analytics", "false"],
        [*dvc, "commit", "-q", "-f", "data.dvc"],
    ):
        subprocess.run(command, cwd=root, check=True)
    (root / ".dvcignore").write_text("*.tmp\n")
    return root


@pytest.fixture
def repository(project, pinned_repository) -> Path:
    """Return the project under git and DVC, with data.dvc pinning the right bytes."""
    return shutil.copytree(pinned_repository, project, dirs_exist_ok=True)


def test_root_is_the_nearest_folder_with_a_pipeline(project, monkeypatch, tmp_path):
    """From anywhere below; elsewhere a sentence."""
    assert project_root() == project
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no dvc\.yaml and no conf/config\.yaml here or above"):
        project_root()


def test_project_without_git_or_dvc_says_what_to_run(project):
    """The gate needs both; nothing is fetched before that is known."""
    with pytest.raises(ConfigError, match="git init"):
        run()
    (project / ".git").mkdir()
    with pytest.raises(ConfigError, match="dvc init"):
        run()
    assert not (project / "data" / "raw").exists()


def test_pinned_bytes_pass_the_gate(repository):
    """The receipt lists what is there, also when data/raw had to be fetched anew."""
    (repository / "data" / "raw" / "pinned" / "a").unlink()
    run()
    assert (repository / "data" / "raw" / "pinned" / "a").read_bytes() == CONTENT
    receipt = json.loads((repository / "data" / "receipt.json").read_text())
    assert receipt["sets"]["pinned"]["files"] == [
        {"file": "a", "bytes": len(CONTENT), "sha256": FILE.digest.partition(":")[2]}
    ]
    assert sorted(path.name for path in (repository / "data").iterdir() if path.is_dir()) == ["raw"]
    before = (repository / "data" / "receipt.json").read_bytes()
    run("dataset=pinned")
    assert (repository / "data" / "receipt.json").read_bytes() == before


def test_other_bytes_than_pinned_stop_at_the_gate(repository):
    """A data.dvc that pins something else is not rewritten, and no receipt appears."""
    pin = (repository / "data.dvc").read_text()
    changed = re.sub(r"md5: \w{4}", "md5: 0000", pin)
    (repository / "data.dvc").write_text(changed)
    with pytest.raises(DataError, match=r"does not match data\.dvc.*git checkout data\.dvc"):
        run()
    assert (repository / "data.dvc").read_text() == changed
    assert not (repository / "data" / "receipt.json").exists()


def test_foreign_file_in_the_pinned_folder_is_named(repository):
    """It would only make the gate fail, without a hint; what a killed process left does not."""
    (repository / "data" / "raw" / ".a.xyz.tmp").write_text("left behind")
    run()
    (repository / "data" / "raw" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt is not pinned by data\.dvc.*data/extra"):
        run()


def test_extra_set_needs_no_gate(project):
    """Other sets lie apart, each with its receipt, and need neither git nor DVC."""
    run("dataset=extra")
    folder = project / "data" / "extra" / "extra"
    assert sorted(path.name for path in folder.iterdir()) == ["a", "receipt.json"]
    assert not (project / "data" / "raw").exists()


def test_a_fetched_set_is_not_listed_before_it_is_prepared(project, capsys):
    """One that cannot be prepared would stop the pipeline; what to run next is said."""
    run("dataset=extra")
    assert not (project / "data" / "extra.json").exists()
    assert "`depthgauge prepare dataset=extra`" in capsys.readouterr().out


def test_listed_set_that_cannot_be_had_says_how_to_go_on_without_it(repository, tmp_path):
    """As when a colleague listed a set whose files nobody else has."""
    (repository / "data" / "extra.json").write_text('{"own": {"photographs": "0"}}')
    with pytest.raises(ConfigError, match=r"cannot be downloaded.*`depthgauge forget dataset=own`"):
        run()


def test_photographs_without_synsets_are_refused_at_once(project, tmp_path, monkeypatch):
    """A flat folder is neither linked nor given a receipt; one with synsets is."""
    own = DataSet(OWN, lambda _: None, imagenet_archives.folder_labels)  # type: ignore[arg-type,return-value]
    monkeypatch.setitem(catalogue.SETS, "own", own)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.JPEG").write_bytes(b"x")
    with pytest.raises(DataError, match="not known synsets"):
        run("dataset=own", f"file={tmp_path / 'mine'}")
    assert not (project / "data" / "extra").exists()
    (tmp_path / "mine" / "a.JPEG").unlink()
    (tmp_path / "mine" / "n01440764").mkdir()
    for n in range(11):
        (tmp_path / "mine" / "n01440764" / f"{n}.JPEG").write_bytes(b"x")
    run("dataset=own", f"file={tmp_path / 'mine'}")
    assert (project / "data" / "extra" / "own" / "photographs").readlink() == tmp_path / "mine"


def test_a_colleague_s_extra_set_is_fetched_with_the_pinned_ones(repository):
    """The list came with the clone, the bytes did not; a set that is here is left alone."""
    entry = {"extra": {"a": FILE.digest.partition(":")[2]}}
    (repository / "data" / "extra.json").write_text(json.dumps(entry))
    run()
    fetched = repository / "data" / "extra" / "extra" / "a"
    assert fetched.read_bytes() == CONTENT
    fetched.unlink()
    run()
    assert not fetched.exists()
    assert json.loads((repository / "data" / "extra.json").read_text()) == entry


def test_wrong_bytes_everywhere_leave_nothing(project, tmp_path):
    """No file, no receipt, no scratch folder."""
    (tmp_path / "mirror" / "a.gz").write_bytes(gzip.compress(b"other bytes !!!"))
    other = tmp_path / "mirror" / "a.gz"
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=rf"wrong content.*file={other} sha256={digest}") as caught:
        run("dataset=extra")
    assert "set DEPTHGAUGE_MIRROR" not in str(caught.value)  # that is what was just done
    assert not [path for path in (project / "data").rglob("*") if path.is_file()]
    assert not list((project / "data").glob(".fetch*"))


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["dataset=nothing"], "nothing is unknown; there are extra, own, pinned"),
        (["dataset=extra,nothing"], "nothing is unknown"),
        (["dataset="], "fetch takes dataset=VALUE"),
        (["datset=extra"], "unknown word 'datset=extra'"),
        (["dataset=extra", "dataset=own"], "given twice"),
        (["file=x"], "are for one data set"),
        (["dataset=pinned", "file=x"], "are for one data set"),
        (["dataset=extra,own", "file=x"], "are for one data set"),
        (["dataset=extra", "sha256=abc"], "are for one data set"),
        (["dataset=own"], "cannot be downloaded"),
    ],
)
def test_wrong_words_are_refused(project, overrides, reason):
    """Before anything is fetched."""
    with pytest.raises(ConfigError, match=reason):
        run(*overrides)
    assert not [path for path in project.rglob("*") if path.name == "a"]


def test_a_generated_set_needs_no_fetch(project, capsys):
    """It says so and what to run instead; nothing is written."""
    run("dataset=shapeset")
    assert "depthgauge prepare dataset=shapeset" in capsys.readouterr().out
    assert not (project / "data" / "extra").exists()
