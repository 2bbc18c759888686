"""Every block of commands or code in README and docs/ is run by a test, or it says here why not."""

import ast
import re
import runpy
import shlex
from itertools import zip_longest
from pathlib import Path

import pytest

from depthgauge.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)

BLOCKS = {
    (page.name, number): text
    for page in PAGES
    for number, (_, text) in enumerate(
        block for block in BLOCK.findall(page.read_text(encoding="utf-8")) if block[0] != "text"
    )
}
"""Page and place of each block on it; what is printed or drawn in text does not count."""

README, OWN = "tests/house/test_readme.py", "tests/house/test_readme.py::test_bring_your_own"
TUTORIAL = "tests/diagnosis/test_tutorial.py::test_every_block_finds_and_tries_what_the_page_shows"
TEAM = "tests/team/test_team_page.py"
HERE = "tests/docs/test_blocks.py"
TRAIN = f"{HERE}::test_train_commands_compose"

CHECKED = {
    ("README.md", 0): "tests/diagnosis/test_core_wheel.py",
    ("README.md", 1): f"{README}::test_the_loop_to_paste_finds_the_fault",
    ("README.md", 2): f"{README}::test_a_remedy_is_tried_as_readme_asks",
    ("README.md", 3): f"{README}::test_a_remedy_is_tried_as_readme_asks",
    ("README.md", 4): f"{README}::test_make_commands_exist",  # .ci/run runs what they run
    ("README.md", 5): f"{README}::test_the_lines_to_explore_with",
    ("README.md", 6): f"{README}::test_the_lines_to_explore_with",
    ("architecture.md", 0): f"{HERE}::test_a_studys_module_in_a_trainer_of_ones_own",
    ("claims.md", 0): "tests/claims/test_register.py",
    ("cluster.md", 0): TRAIN,
    ("cluster.md", 1): TRAIN,  # and tests/slurm submits such a sweep
    ("determinism.md", 0): f"{HERE}::test_two_lists_of_claims_are_compared",
    ("diagnosis.md", 0): "tests/diagnosis/test_core_wheel.py",
    ("diagnosis.md", 1): "tests/diagnosis/test_gradient_flow.py",
    ("diagnosis.md", 2): f"{HERE}::test_the_ways_into_the_diagnosis",
    ("diagnosis.md", 3): f"{HERE}::test_the_ways_into_the_diagnosis",
    ("diagnosis.md", 4): "tests/diagnosis/test_diagnose_command.py",
    ("diagnosis.md", 5): "tests/diagnosis/test_accelerate.py",
    ("diagnosis.md", 6): "tests/diagnosis/test_study_network.py",
    **{("diagnosis_tutorial.md", number): TUTORIAL for number in range(5)},
    ("gpu.md", 0): TRAIN,  # and tests/gpu, tests/house/test_gpu_first_run.py
    ("overnight.md", 0): "tests/house/test_overnight.py",
    ("overnight.md", 1): TRAIN,
    **{("own.md", number): OWN for number in range(7)},
    ("pipeline.md", 0): "tests/test_pipeline.py",
    ("pipeline.md", 1): TRAIN,  # and tests/cli/test_trainer_additions.py trains with both
    ("records.md", 0): "tests/test_records.py",
    ("remedies.md", 0): TRAIN,
    ("remedies.md", 1): "tests/cli/test_train_command.py::test_the_page_about_remedies_runs",
    ("shapeset.md", 0): "tests/datasets/test_shapeset_page.py",
    # they need a server, a bucket or root; what they name is checked, or run by tests/team
    **{("team.md", number): TEAM for number in range(4)},
    ("team.md", 4): "tests/team/test_team_server.py",
    ("team.md", 5): TEAM,
    ("team.md", 6): TEAM,
    ("team.md", 7): "tests/team/test_team_remote.py",
}
"""Which test runs a block, or holds it against what it names."""


def test_every_block_has_its_test():
    """A new block wants a line above, one that is gone leaves none."""
    assert set(BLOCKS) == set(CHECKED)


@pytest.mark.parametrize("named", sorted(set(CHECKED.values())))
def test_the_test_is_there(named):
    """Its file, and the function where one is named."""
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not function or function in names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_a_sentence_exist(page):
    """Each `depthgauge X` is a command, each `make X` a target of the Makefile."""
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`depthgauge ([a-z]+)[` ]", text)) <= set(COMMANDS)
    assert set(re.findall(r"`make ([a-z-]+)[` ]", text)) <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_of_prose_are_short(page):
    """At most 120 characters, but for tables, pictures, code, and what `make readme` writes."""
    text = page.read_text(encoding="utf-8")
    for ours in (r"```.*?```", r"<!-- results: .*?<!-- /results -->"):
        text = re.sub(ours, "", text, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "!["))]
    assert [line for line in lines if len(line) > 120] == []


def test_errors_of_the_faq_are_ours():
    """What docs/faq.md says that you read is in a sentence of ours; DVC's are marked as such."""
    page = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
    read = re.findall(r"^\| `(.*?)`", page.split("## Errors")[1], re.MULTILINE)
    files = [*(ROOT / "src").rglob("*.py"), ROOT / ".ci" / "environment.py"]
    ours = "".join(path.read_text(encoding="utf-8") for path in files)
    assert len(read) >= 4 and [words for words in read if words not in ours] == []


LINES = sorted(
    {
        line
        for text in BLOCKS.values()
        for line in text.splitlines()
        if line.startswith("depthgauge train ") and "study=elu" not in line
    }
)


@pytest.mark.parametrize("line", LINES)
def test_train_commands_compose(line, project, depthgauge):
    """Each key and each value is known to Hydra and to us, in every `depthgauge train` shown.

    Of an axis, `key=a,b`, each value is composed: `--cfg job` shows one config.
    """
    words = [word for word in shlex.split(line, comments=True)[2:] if word != "--dry-run"]
    axes = [
        [f"{key}={value}" for value in re.split(r",(?![^\[]*\])", values)]
        for key, values in (word.split("=", 1) for word in words)
    ]
    for job in zip_longest(*axes):
        chosen = [value or axis[0] for value, axis in zip(job, axes, strict=True)]
        code, out, err = depthgauge("train", *chosen, "--cfg", "job")
        assert (code, err) == (0, "") and "activation:" in out


def test_two_lists_of_claims_are_compared(depthgauge, monkeypatch):
    """The line of docs/determinism.md, with the committed list on its standard input."""
    line = BLOCKS["determinism.md", 0].split("|")[1]
    monkeypatch.chdir(ROOT)
    with (ROOT / "results" / "claims.json").open(encoding="utf-8") as claims:
        monkeypatch.setattr("sys.stdin", claims)
        code, out, _ = depthgauge(*shlex.split(line)[1:])
    assert code == 0 and "0 " in out


def test_the_ways_into_the_diagnosis(tmp_path, monkeypatch):
    """docs/diagnosis.md's loop and its `diagnose`, on the example's network."""
    monkeypatch.chdir(tmp_path)
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "mlp.py"))
    net, _, batches, optimizer = example["make"]()
    names = {"net": net, "optimizer": optimizer, "loader": batches[:3], "make": example["make"]}
    names["cross_entropy"] = example["functional"].cross_entropy
    exec(BLOCKS["diagnosis.md", 2], names)
    assert (tmp_path / "flow.html").is_file()
    exec(BLOCKS["diagnosis.md", 3].replace("100), seeds=5", "5), seeds=2"), names)
    assert names["report"].trials


@pytest.mark.filterwarnings("ignore::UserWarning")  # Lightning's advice on workers and loggers
def test_a_studys_module_in_a_trainer_of_ones_own(tmp_path, monkeypatch, tiny_mnist):
    """docs/architecture.md's snippet trains two replicas of a small network."""
    pl = pytest.importorskip("pytorch_lightning")
    from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

    from depthgauge.config import Dataset, Evaluation, Experiment
    from depthgauge.training.block import Block
    from depthgauge.training.descent import build_module

    monkeypatch.chdir(tmp_path)
    experiment = Experiment(
        dataset=Dataset("mnist"),
        hidden=[5],
        steps=300,
        train_size=1000,
        evaluation=Evaluation(every=100),
    )
    names = {"pl": pl, "EarlyStopping": EarlyStopping, "ModelCheckpoint": ModelCheckpoint}
    names |= {"build_module": build_module, "data": tiny_mnist}
    names["block"] = Block(experiment, [(0, 0.1), (1, 0.1)], "key", "cell")
    exec(BLOCKS["architecture.md", 0], names)
    assert names["trainer"].callback_metrics["step"] == 300


def test_the_map_of_folders_is_complete():
    """docs/architecture.md has a row for each folder, and names no file that is not there."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    sources = ROOT / "src" / "depthgauge"
    rows = re.findall(r"^\| ((?:`\w+/`(?:, )?)+) \|", text, re.MULTILINE)
    named = set(re.findall(r"`(\w+)/`", " ".join(rows)))
    folders = {path.parent.name for path in sources.glob("*/__init__.py")}
    assert named == folders - {"new_project"}
    for path in re.findall(r"`(\w+/\w+\.py)`", text):
        assert (sources / path).is_file() or (ROOT / path).is_file(), path
    classes = re.findall(r"^ *(\w+\.py) +([A-Z]\w+)", text, re.MULTILINE)
    classes += [(path, name) for name, path in re.findall(r"\*\*(\w+)\*\* \(`(\S+)`\)", text)]
    assert len(classes) >= 9
    for path, name in classes:
        source = sources / (path if "/" in path else f"training/{path}")
        assert f"class {name}" in source.read_text(encoding="utf-8")
    files = {path.name for path in (*sources.rglob("*.py"), *(ROOT / "bench").glob("*.py"))}
    assert set(re.findall(r"\b(\w+\.py)\b", text)) <= files
