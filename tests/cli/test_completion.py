"""`depthgauge completion`: what TAB offers, asked of the shells themselves."""

import shutil
import subprocess
import time

import pytest

from depthgauge.cli.main import COMMANDS
from depthgauge.cli.prune import SCALES
from depthgauge.config import Config

DRIVERS = {
    # bash cuts words at = before it asks: the driver does the same
    "bash": """
source "$1"; shift
COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
[[ "$COMP_LINE" == *[=\\ ] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_depthgauge; printf '%s\\n' "${COMPREPLY[@]}"
""",
    # what zsh's own functions would be told
    "zsh": """
compdef() { :; }
compadd() { while [[ "$1" != -- ]]; do shift; done; shift; print -rl -- ${(M)@:#${cut}*}; }
compset() { [[ "$cut" == ${~2}* ]] && cut="${cut##${~2}}"; }
_files() { :; }
source "$1"; shift
words=(${(s: :)*}); [[ "$*" == *\\  ]] && words+=("")
CURRENT=${#words}; cut="${words[CURRENT]}"
_depthgauge
""",
}


@pytest.fixture(params=list(DRIVERS))
def offered(request, project, depthgauge, tmp_path):
    """What one TAB after these words offers, in the project."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"there is no {request.param} here")
    code, script, _ = depthgauge("completion", request.param)
    assert code == 0
    (tmp_path / "script").write_text(script)
    (tmp_path / "driver").write_text(DRIVERS[request.param])

    def ask(line, folder=project):
        command = [shell, str(tmp_path / "driver"), str(tmp_path / "script"), *line.split(" ")]
        start = time.monotonic()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert done.stderr == "" and time.monotonic() - start < 2
        return done.stdout.split()

    return ask


def test_tab_offers_stages_options_keys_and_values(offered, project, tmp_path):
    """Each in its place; a page that was added just now too; values also after a comma."""
    assert offered("depthgauge ") == list(COMMANDS)
    assert offered("depthgauge tra") == ["train", "track"]
    assert {"--help", "--multirun", "--dry-run", "--cfg"} <= set(offered("depthgauge train --"))
    assert offered("depthgauge train --cfg ") == ["job", "hydra", "all"]
    assert offered("depthgauge claims --verdict f") == ["fails"]
    assert offered("depthgauge completion ") == ["bash", "zsh"]
    assert offered("depthgauge train study=nielsen_a") == ["nielsen_accuracy"]
    assert offered("depthgauge train activation=sigmoid,ta")[-1].endswith("tanh")
    assert offered("depthgauge status scale=") == list(SCALES)
    assert offered("depthgauge fetch f") == ["file="]
    (project / "conf/study/of_my_own.yaml").write_text("{}\n")
    assert offered("depthgauge train study=of") == ["of_my_own"]
    assert "of_my_own" in offered("depthgauge claims study=")
    assert offered("depthgauge train study=", folder=tmp_path) == []


def test_every_key_of_a_study_is_offered(offered):
    """The schema is the only list of keys there is."""
    found = set(offered("depthgauge train "))
    top = {name for name in Config.__dataclass_fields__ if name not in ("models", "notebook", "at")}
    assert {key.split(".")[0].removesuffix("=") for key in found} == top | {
        "study",
        "hydra/launcher",
    }
    assert {"seeds=", "gradients.every=", "remedy.clip="} <= found
