"""`depthgauge completion`: what TAB offers, asked of the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from depthgauge.cli.main import COMMANDS
from depthgauge.config import Scale
from depthgauge.nets.costs import COSTS

DRIVERS = {
    # bash cuts words at = before it asks: the driver does the same, and puts back what it keeps
    "bash": """
source "$1"; COMP_LINE="$2"; COMP_POINT=${#COMP_LINE}
read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
[[ "$COMP_LINE" == *[=\\ ] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_depthgauge
word="${COMP_LINE##* }"; kept="${word%"${word##*=}"}"
for each in "${COMPREPLY[@]}"; do echo "$kept$each"; done
""",
    # a terminal in which TAB is pressed; all that is added for it is written to a file
    "zsh": """
zmodload zsh/zpty; zpty inner zsh -f -i
zpty -w inner "autoload -U compinit; compinit -D -u; eval \\"\\$(<$1)\\""
zpty -w inner "compadd() { local -a hits; builtin compadd -O hits \\"\\$@\\""
zpty -w inner "print -rl -- \\$hits >>$1.hits; builtin compadd \\"\\$@\\" }"
zpty -w inner "ended() { : >$1.end }; zle -N ended; bindkey '^X' ended; bindkey '^I' complete-word"
zpty -w inner ": >$1.hits; : >$1.ready"
until [[ -e $1.ready ]]; do zpty -r -t inner text; sleep 0.02; done
zpty -w -n inner "$2"$'\\t'$'\\x18'
until [[ -e $1.end ]]; do zpty -r -t inner text; sleep 0.02; done
cat $1.hits
""",
    "fish": """
source "$argv[1]"
for each in (complete -C "$argv[2]"); string split \\t -- $each | head -n 1; end
""",
}


@pytest.fixture(params=list(DRIVERS))
def offered(request, project, depthgauge, tmp_path):
    """What one TAB after a line offers, in the project."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"there is no {request.param} here")
    code, text, _ = depthgauge("completion", request.param)
    assert code == 0
    script, driver = tmp_path / "script", tmp_path / "driver"
    script.write_text(text)
    driver.write_text(DRIVERS[request.param])
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "depthgauge").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m depthgauge.cli "$@"\n'
    )
    (programs / "depthgauge").chmod(0o755)
    sources = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": sources, "HOME": str(tmp_path),
        "TERM": "xterm",
    }  # fmt: skip

    def ask(line, folder=project):
        for each in tmp_path.glob("script.*"):
            each.unlink()
        done = subprocess.run(
            [shell, str(driver), str(script), line],
            cwd=folder, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.split()

    return ask


def test_tab_offers_commands_and_options(offered):
    """Of the command that is typed, and the choices of an option."""
    assert set(COMMANDS) <= set(offered("depthgauge "))
    assert set(offered("depthgauge tra")) == {"train", "track"}
    assert {"--multirun", "--dry-run", "--cfg"} <= set(offered("depthgauge train --"))
    assert {"job", "hydra", "all"} == set(offered("depthgauge train --cfg "))
    assert offered("depthgauge claims --verdict f") == ["fails"]


def test_tab_offers_what_hydra_knows_of_the_pages(offered, project):
    """Studies, groups, nested keys and a page's models; a page that was added just now, too."""
    assert offered("depthgauge train study=nielsen_a") == ["study=nielsen_accuracy"]
    (project / "conf/study/of_my_own.yaml").write_text("{}\n")
    assert offered("depthgauge status study=of") == ["study=of_my_own"]
    assert "gradients.every=" in offered("depthgauge train study=nielsen_accuracy -m gradients.e")
    assert "model=tanh_n" in offered("depthgauge train study=glorot_init model=tanh")
    assert offered("depthgauge train study=remedies dataset=mnist,shap") == [
        "dataset=mnist,shapeset"
    ]


def test_tab_offers_names_that_no_page_stands_for(offered, project, tmp_path):
    """Activations, costs, scales: also before a study is chosen, and after a comma."""
    assert {f"scale={each}" for each in Scale} == set(offered("depthgauge train scale="))
    assert {f"cost={each}" for each in COSTS} == set(offered("depthgauge train cost="))
    assert offered("depthgauge train activation=sigmoid,ta") == ["activation=sigmoid,tanh"]
    assert offered("depthgauge fetch f") == ["file="]
    assert offered("depthgauge claims study=nielsen_ch") == ["study=nielsen_chain"]
    assert offered("depthgauge train study=", folder=tmp_path) == []
