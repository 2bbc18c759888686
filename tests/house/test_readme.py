"""README and docs/own.md: the table is current, lines run, snippets print what is said of them."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from depthgauge.claims.read import REPORTED, read_verdicts
from depthgauge.datasets.prepared import Split, assemble, path_of, write

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OWN = (ROOT / "docs" / "own.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs" / "examples"
TABLE = runpy.run_path(str(ROOT / "showcase" / "table.py"))


def snippets(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def section(title):
    """Return what stands in README under a heading, up to the next heading of any level."""
    return re.split(r"\n#+ ", README.split(f"# {title}\n")[1])[0]


def test_the_table_is_current():
    """README shows the verdicts of the committed results/claims.json; else: make readme."""
    assert (
        TABLE["renewed"](README, read_verdicts(ROOT / "results" / "claims.json", REPORTED))
        == README
    )


def test_the_table_counts_what_it_is_given():
    """Two sources, one claim each: the numbers are theirs, the rest of the text stays."""
    one = {"id": "nielsen.a", "verdict": "holds", "scale": "quick", "updates": [5, 5]}
    two = {"id": "glorot.b", "verdict": "inconclusive", "scale": "quick", "updates": [1, 5]}
    text = "before\n<!-- results: x -->\nSTALE\n<!-- /results -->\nafter\n"
    shown = TABLE["renewed"](text, [one, two])
    assert "| 1 | 0 | 0 | 1 |\n" in shown and "| 0 | 0 | 1 | 1 |\n" in shown
    counts = "Of 2 published numbers and sentences 1 hold, 0 fail and 1 are open."
    assert f"{counts} Open: 1 judged after fewer updates" in shown
    assert "STALE" not in shown and shown.startswith("before\n") and shown.endswith("after\n")


def test_links_lead_to_files():
    """Every relative address in README and in docs/ is a file of the project."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for address in re.findall(r"\]\(([^)#\s]+)[^)\s]*\)", text):
            if not address.startswith(("http", "mailto:")):
                assert (page.parent / address).exists(), f"{page.name}: {address}"


def test_make_commands_exist():
    """Every `make X` that README names is a target."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = re.findall(r"^make ([a-z-]+)", "\n".join(snippets(README, "sh")), re.MULTILINE)
    assert lines and {*lines, *re.findall(r"\bmake ([a-z-]+)`", README)} <= set(targets)


def test_readme_is_short():
    """What goes further is in docs/."""
    assert README.count("\n") < 200


def test_the_loop_to_paste_finds_the_fault(tmp_path):
    """README's first lines of Python run as they stand: the signal vanishes, a page is written."""
    loop, _ = snippets(section("Your network does not train"), "python")
    assert "VANISHES" in run(tmp_path, sys.executable, "-c", loop)
    assert (tmp_path / "flow.html").is_file()


def test_a_remedy_is_tried_as_readme_asks(tmp_path):
    """README's question, typed as it stands: layer normalization helps the eight layers."""
    _, nets = snippets(section("Your network does not train"), "python")
    (tmp_path / "my_nets.py").write_text(nets)
    _, command = snippets(section("Your network does not train"), "sh")
    said = " ".join(run(tmp_path, "bash", "-c", f"{command.strip()}; test $? -le 1").split())
    assert re.search(r"TRIED: layer normalization: .*?; helps: the loss is lower by", said)


def floats(numbers):
    return [float(each.replace("−", "-")) for each in numbers]


def test_the_output_shown_is_what_the_example_prints(tmp_path):
    """Up to "..." and to a fifth of each number: other processors round differently."""
    (shown,) = snippets(section("Your network does not train"), "text")
    said = " ".join(run(tmp_path, sys.executable, str(EXAMPLES / "mlp.py")).split())
    number = r"[−-]?\d+(?:\.\d+)?"
    for piece in " ".join(shown.split()).split(" ..."):
        pattern = f"({number})".join(map(re.escape, re.split(number, piece.strip())))
        found = re.search(pattern, said)
        assert found, f"{piece}: not in {said}"
        here, there = floats(re.findall(number, piece)), floats(found.groups())
        np.testing.assert_allclose(here, there, rtol=0.2)
    assert "VANISHES" in said and "the weights' scale" in said
    assert "TRIED: He initialization" in said and "helps" in said
    assert (tmp_path / "flow.html").is_file()


def test_the_factor_a_layer():
    """README's two numbers: measured over five initializations, and predicted by mean field."""
    from depthgauge import diagnose
    from depthgauge.theory import shrink_per_layer

    make = runpy.run_path(str(EXAMPLES / "mlp.py"))["make"]
    signals = [
        {site.name: site.signal for site in look.sites}
        for look in diagnose(make, steps=(0,), seeds=5).looks
    ]
    measured = 10 ** np.mean([(each["22"] - each["0"]) / 11 for each in signals])
    text = " ".join(README.split())
    stated = re.search(r"factor of ([\d.]+) per layer\. .*?, predicts ([\d.]+)\.", text)
    assert float(stated[1]) == pytest.approx(measured, rel=0.02)
    # PyTorch draws weights and biases from U[-1/8, 1/8]: 64 Var w = 1/3, Var b = 1/192
    assert stated[2] == f"{shrink_per_layer('tanh', 1 / 3, 1 / 192):.3f}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The project's sources and pages in their own folder, with noise in MNIST's place."""
    root = tmp_path_factory.mktemp("clone")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("results/claims.json", "dvc.yaml"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    random = np.random.default_rng(0)

    def split(count):
        images = random.integers(0, 256, (count, 784), dtype=np.uint8)
        return Split(images, random.integers(0, 10, count).astype(np.uint8))

    splits = {"train": split(50_000), "validation": split(500), "test": split(500)}
    write(assemble("mnist", (28, 28), tuple("0123456789"), splits), path_of(root, "mnist"))
    return root


def run(root, *words):
    """Run a command as a user does, with the copy's sources; return what it printed."""
    sources = root / "src" if (root / "src").exists() else ROOT / "src"
    own = {"PYTHONPATH": str(sources), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=root, env=os.environ | own | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_environment_is_activated_before_it_is_used():
    """Nothing but make works in a new shell: DVC's stages call `depthgauge` by its name."""
    lines = [line.split()[0] for text in snippets(README, "sh") for line in text.splitlines()]
    explore = lines[lines.index("source") :]
    assert "dvc" not in lines[: lines.index("source")]
    assert explore == ["source", "dvc", "depthgauge"]
    assert ".venv/bin/" not in README.replace("source .venv/bin/activate", "")


@pytest.mark.slow
def test_the_lines_to_explore_with(clone):
    """The command and the snippet as they stand, then the two options that the text names."""
    (lines,) = snippets(section("Explore"), "sh")
    train = lines.splitlines()[-1]
    (search,) = snippets(section("Explore"), "python")
    assert "3 cells done" in run(clone, "bash", "-c", train)
    ranking = run(clone, sys.executable, "-c", search)
    assert all(init in ranking for init in ("nielsen_default", "glorot_normalized", "he "))
    shown = run(clone, "depthgauge", "train", "study=nielsen_accuracy", "--cfg", "job")
    assert "init: nielsen_default" in shown
    dry = f"{train.strip()} scale=paper --dry-run"
    assert "1 of 1 studies done" in run(clone, "bash", "-c", dry)
    assert "one core" in run(clone, "bash", "-c", dry.replace("steps=10000", "steps=20000"))


@pytest.mark.slow
def test_bring_your_own(clone):
    """What docs/own.md shows, saved where it says, answers the question of its study."""
    functions, question, theory, prepare = snippets(OWN, "python")
    assert functions == (EXAMPLES / "my_functions.py").read_text(encoding="utf-8")
    (page,) = snippets(OWN, "yaml")
    command, remedies = snippets(OWN, "sh")
    (clone / "my_functions.py").write_text(functions)
    (clone / "conf" / "study" / "elu.yaml").write_text(page)
    assert "3 cells done" in run(clone, "bash", "-c", f"{command.strip()} tracking=false")
    answer = run(clone, sys.executable, "-c", question).splitlines()
    pattern = r"activation=(\w+) layer 4 starts (\S+) times as fast"
    found = dict(re.fullmatch(pattern, line).groups() for line in answer)
    assert list(found) == ["sigmoid", "tanh", "elu"]
    assert float(found["sigmoid"]) > 10 * float(found["elu"])
    # signals die out toward 0, where the slope of ELU is 1
    assert float(run(clone, sys.executable, "-c", theory)) == pytest.approx(3**0.5)
    short = "tracking=false steps=20 seeds=1"
    assert "12 cells done" in run(clone, "bash", "-c", f"{remedies.strip()} {short}")
    run(clone, sys.executable, "-c", prepare)
    again = f"{command.strip()} dataset.name=digits {short}".replace("build/elu", "build/digits")
    assert "3 cells done" in run(clone, "bash", "-c", again)
