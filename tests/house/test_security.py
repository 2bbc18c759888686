"""What SECURITY.md promises about the code, held against the code."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / ".ci"))

import audit  # noqa: E402

SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
CALLS = {
    "torch.load",
    "joblib.load",
    "pandas.read_pickle",
    "yaml.load",
    "yaml.unsafe_load",
    "eval",
    "exec",
    "os.system",
    "os.popen",
    "tempfile.mktemp",
}
"""Each runs, or may run, what a file or a name holds."""
METHODS = {"extractall", "extract", "load_from_checkpoint"}
"""Of archives: they write where a member's name says. Of Lightning: it unpickles."""
FLAGS = {"allow_pickle": True, "shell": True, "verify": False, "weights_only": False}


def dangers(source):
    """Return what in a module runs foreign data, writes where it says, or trusts any host."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            method = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
            if name in CALLS or method:
                found.append(name)
            for word in node.keywords:
                if word.arg in FLAGS and getattr(word.value, "value", None) is FLAGS[word.arg]:
                    found.append(f"{word.arg}={FLAGS[word.arg]}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_runs_what_a_file_holds(path):
    """No pickle, torch.load or eval; no archive unpacked by its names; no host unverified."""
    assert dangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import torch; torch.load('x')",
        "import numpy; numpy.load('x', allow_pickle=True)",
        "archive.extractall('x')",
        "subprocess.run('x', shell=True)",
        "session.get('x', verify=False)",
        "eval('x')",
    ],
)
def test_the_search_finds_what_it_looks_for(line):
    """It can fail."""
    assert dangers(line)


def test_servers_listen_on_this_machine_alone():
    """Every command that serves says 127.0.0.1, and nothing anywhere says all interfaces."""
    texts = {ROOT / "Makefile": (ROOT / "Makefile").read_text()}
    texts |= {path: path.read_text(encoding="utf-8") for path in SOURCES}
    serving = [
        line for text in texts.values() for line in text.splitlines() if "mlflow ui " in line
    ]
    commands = [line for line in serving if "--backend-store-uri" in line]
    assert commands and all("--host 127.0.0.1" in line for line in commands)
    assert not [path for path, text in texts.items() if re.search(r"0\.0\.0\.0|['\"]::['\"]", text)]


WEAK = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SOUND = {"name": "b", "version": "1", "vulns": []}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def test_an_audit_tells_what_it_could_not_ask():
    """Finding nothing about packages that the service does not know is not a pass."""
    assert audit.summary([UNKNOWN]) == ([audit.SKIPPED], False)
    assert audit.summary([SOUND, UNKNOWN]) == (
        ["1 of 2 packages audited, 0 known weaknesses"],
        False,
    )
    lines, weak = audit.summary([WEAK, SOUND])
    assert weak and lines[0] == "a 1: CVE-1 (fixed in 2)"
