"""dvc.yaml says what the code does, and DVC does what dvc.yaml says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import grimp
import pytest
import yaml

from depthgauge.studies.registry import STUDIES as STUDIES_JUDGED
from depthgauge.training.procedures import PROCEDURES
from projects import environment, make_project, put_under_dvc

ROOT = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
VARIABLES = yaml.safe_load((ROOT / "conf" / "pipeline.yaml").read_text())
STUDIES = sorted(path.stem for path in (ROOT / "conf" / "study").glob("*.yaml"))
DOORS = re.compile(
    r"depthgauge\.(cli|execution|console|planning|store|provenance|errors|files|project|signals)\b"
)
"""Modules whose edits change no output: entry points, sentences, whole files. But for WRITERS."""
WRITERS = {
    "train": ["planning.plan", "execution.assemble"],
    "judge": ["cli.judge", "studies.judged_records"],
    "report": ["cli.report", "provenance.ledger", "studies.judged_records"],
}
"""By stage: what writes its outputs, or chooses what goes into them."""


def covered(module, deps):
    path = "src/" + module.replace(".", "/")
    return any(f"{path}.py" == dep or path == dep or path.startswith(f"{dep}/") for dep in deps)


def uncovered(modules, deps):
    graph = grimp.build_graph("depthgauge", cache_dir=None)
    names = {name for module in modules for name in graph.find_upstream_modules(module)}
    names |= set(modules)
    kept = (name for name in names if not DOORS.match(name) and name != "depthgauge")
    return sorted(name for name in kept if not covered(name, deps))


def test_train_stages_depend_on_the_code_that_computes():
    """Every module that any procedure imports is under a dep; an edit retrains (or is skipped)."""
    deps = PIPELINE["train"]["do"]["deps"]
    assert uncovered(set(PROCEDURES.values()), deps) == []


def test_what_is_compiled_beside_the_sources_is_no_change():
    """Python's and Numba's caches lie under deps; `dvc status` must not see them."""
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        inside = ROOT / "src" / "depthgauge" / "kernel" / "__pycache__" / "x.nbi"
        assert repo.dvcignore.check_ignore(str(inside)).match


@pytest.mark.parametrize("stage", ["judge", "report"])
def test_later_stages_depend_on_their_code(stage):
    """The modules behind depthgauge judge and report."""
    assert uncovered({f"depthgauge.cli.{stage}"}, PIPELINE[stage]["deps"]) == []


@pytest.mark.parametrize("stage", WRITERS)
def test_what_writes_an_output_is_a_dep(stage):
    """An edit of a record's label, of the form of claims.json or origins.json is noticed."""
    deps = PIPELINE[stage].get("deps") or PIPELINE[stage]["do"]["deps"]
    writers = [f"depthgauge.{name}" for name in WRITERS[stage]]
    assert all((ROOT / f"src/{name.replace('.', '/')}.py").exists() for name in writers)
    assert [name for name in writers if not covered(name, deps)] == []


def test_judge_and_report_read_the_studies_they_declare():
    """Those that claims are about, and no other folder below build."""
    assert [f"build/{name}" for name in STUDIES_JUDGED] == sorted(
        dep for dep in PIPELINE["judge"]["deps"] if dep.startswith("build/")
    )


@pytest.mark.parametrize("stage", ["train", "judge"])
def test_an_edited_figure_retrains_nothing(stage):
    """src/ is never a dep whole, and the report is not one."""
    deps = PIPELINE[stage].get("deps") or PIPELINE[stage]["do"]["deps"]
    assert not any("report" in dep or dep in ("src", "src/depthgauge") for dep in deps)


def test_every_trained_study_is_judged_and_reported():
    """The studies of conf/pipeline.yaml are the deps of both later stages.

    DVC takes no list of deps from a variable, and a dep on all of build would make every study of
    a user's own, below build as well, a change of the pipeline.
    """
    trained = [f"build/{name}" for name in VARIABLES["studies"]]
    assert PIPELINE["train"]["foreach"] == "${studies}"
    assert set(VARIABLES["studies"]) <= set(STUDIES)
    for stage in ("judge", "report"):
        assert [dep for dep in PIPELINE[stage]["deps"] if dep.startswith("build/")] == trained


@pytest.fixture
def shell(tmp_path):
    """Run a command in a folder, with this environment's programs first."""
    own = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
        "HOME": str(tmp_path),
    }

    def run(folder, command):
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environment() | own,
            capture_output=True,
            text=True,
            timeout=900,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_repro_push_pull(tmp_path, shell, tiny_mnist):
    """repro; again: nothing runs; status clean; push; a colleague pulls and computes nothing."""
    mine, yours, remote = tmp_path / "mine", tmp_path / "yours", tmp_path / "remote"
    put_under_dvc(make_project(mine, tiny_mnist), "nielsen_neuron_bars", "seeds=6", "replicas=6")
    shell(mine, f"dvc remote add -q -d team {remote}")
    first = shell(mine, "dvc repro")
    assert "nielsen_neuron_bars" in first
    assert json.loads((mine / "results" / "claims.json").read_text())
    again = shell(mine, "dvc repro")
    assert "Data and pipelines are up to date" in again and "Running stage" not in again
    assert "up to date" in shell(mine, "dvc status")
    assert "nielsen" in shell(mine, "dvc metrics show")
    shell(mine, "git add -A && git commit -qm done && dvc push -q")
    shell(tmp_path, f"git clone -q {mine} {yours} && cd {yours} && dvc pull -q")
    assert "up to date" in shell(yours, "dvc status")
    assert "Running stage" not in shell(yours, "dvc repro")
    same = "build/nielsen_neuron_bars/000.safetensors"
    assert (yours / same).read_bytes() == (mine / same).read_bytes()
    assert re.search("tracked", shell(yours, "depthgauge track"))


def small_pipeline(root):
    """Write dvc.yaml and conf/pipeline.yaml as they are, but for one study and without code."""
    study = "nielsen_accuracy"
    variables = VARIABLES | {
        "scale": "smoke",
        "keys": "tracking=false cpu_replicas=2 train_size=1000 hidden=[30],[30,30]",
        "studies": {study: {"launcher": "basic", "keys": "seeds=2 steps=20 evaluation.every=10"}},
    }
    (root / "conf" / "pipeline.yaml").write_text(yaml.safe_dump(variables))
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    stages = {name: pipeline["stages"][name] for name in ("train", "judge", "report")}
    kept = ("build/" + study, "build/${key}", "conf/study", "${results}")
    for stage in stages.values():
        stage = stage.get("do", stage)
        stage["deps"] = [dep for dep in stage["deps"] if dep.startswith(kept)]
    plots = [plot for plot in pipeline["plots"] if study in str(plot)]
    stages["report"]["outs"] = [
        out for out in stages["report"]["outs"] if out != "build/plots.html"
    ]
    (root / "dvc.yaml").write_text(
        yaml.safe_dump({"vars": pipeline["vars"], "stages": stages, "plots": plots})
    )


@pytest.mark.slow
def test_an_experiment_varies_keys_and_leaves_the_results_alone(tmp_path, shell, tiny_mnist):
    """`-S` sets scale, seeds and a study's keys; the change is seen in metrics and in plots."""
    mine = tmp_path / "mine"
    put_under_dvc(make_project(mine, tiny_mnist), "nielsen_accuracy")
    small_pipeline(mine)
    shutil.copytree(ROOT / ".dvc" / "plots", mine / ".dvc" / "plots", dirs_exist_ok=True)
    shell(mine, "dvc repro -q && git add -A && git commit -qm done")
    before = {path: path.read_bytes() for path in (mine / "results").rglob("*") if path.is_file()}
    keys = "studies.nielsen_accuracy.keys"
    shell(
        mine,
        "dvc exp run -q --temp -n other -S"
        f""" 'conf/pipeline.yaml:{keys}="seeds=3 steps=40 evaluation.every=20 l2=1"'""",
    )
    assert {path: path.read_bytes() for path in before} == before
    assert shell(mine, "git status --porcelain") == ""
    changes = json.loads(shell(mine, "dvc metrics diff HEAD other --json"))
    change = changes["results/metrics.json"]["measured.nielsen.accuracy.h1"]
    assert change["diff"] == pytest.approx(change["new"] - change["old"])
    shown = json.loads(shell(mine, "dvc exp show --json"))
    assert keys in json.dumps(shown) or "seeds=3 steps=40" in json.dumps(shown)
    shell(mine, "dvc plots diff HEAD other -o drawn")
    page = (mine / "drawn" / "index.html").read_text()
    assert '"rev": "HEAD"' in page and '"rev": "other"' in page


def test_the_pipeline_is_all_that_dvc_finds():
    """No template of a project lies where `dvc status` takes it for a pipeline of this one."""
    listed = subprocess.run(
        ["git", "ls-files", "--", "dvc.yaml", "*/dvc.yaml", "*.dvc"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert listed == ["data.dvc", "dvc.yaml"]
