"""Modules of a user's own, written for one test and forgotten after it."""

import importlib
import itertools
import sys
import textwrap

import pytest

NUMBERS = itertools.count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module in a folder that Python searches; return its name, of which there is one."""
    monkeypatch.syspath_prepend(tmp_path / "code")
    names = set()

    def written(text, name=None):
        name = name or f"module_of_a_user_{next(NUMBERS)}"
        file = (tmp_path / "code").joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        parts = name.removesuffix(".__init__").split(".")
        names.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
        return name

    yield written
    for name in names & set(sys.modules):
        del sys.modules[name]
