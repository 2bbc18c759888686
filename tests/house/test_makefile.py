import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_help_lists_every_command():
    """`make` alone and `make help` print each target with what it does."""
    text = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    listed = re.findall(r"^make ([\w-]+) +\S", make("help").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(targets)
    assert make().stdout == make("help").stdout


def test_a_python_that_is_not_there_is_one_sentence():
    """PYTHON names something that cannot be found: said before anything is touched."""
    answer = make("environment", "PYTHON=no-such-python")
    assert answer.returncode != 0
    # make's own line says "make[1]: ***" when the tests themselves run under make
    own = re.compile(r"make(\[\d+\])?: \*\*\*")
    sentence = [line for line in answer.stderr.splitlines() if not own.match(line)]
    assert len(sentence) == 1
    assert "no-such-python" in sentence[0]
    assert "make PYTHON=" in sentence[0]
