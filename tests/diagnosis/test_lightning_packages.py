"""PyTorch Lightning comes as `pytorch_lightning` and as `lightning`: the callback suits both."""

import subprocess
import sys

import pytest

STUB = "class Callback: ...\nclass Trainer: ...\nclass LightningModule: ...\n"
MISSING = "sys.modules['pytorch_lightning'] = None"  # its import fails, as where it is not there


def run(folder, *lines):
    """Run lines in a new Python that finds a stand-in for `lightning`."""
    package = folder / "lightning" / "pytorch"
    package.mkdir(parents=True)
    (folder / "lightning" / "__init__.py").touch()
    (package / "__init__.py").write_text(STUB)
    code = "\n".join(["import sys", f"sys.path.insert(0, {str(folder)!r})", *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", [MISSING, "import lightning.pytorch"])
def test_the_callback_is_one_of_lightnings_where_that_is_what_is_installed_or_used(
    before, tmp_path
):
    run(
        tmp_path,
        before,
        "from depthgauge import GradientFlow",
        "import lightning.pytorch",
        "assert issubclass(GradientFlow, lightning.pytorch.Callback)",
        "assert not sys.modules.get('pytorch_lightning')",
    )


def test_without_either_the_message_names_the_extra(tmp_path):
    run(
        tmp_path,
        MISSING,
        "sys.modules['lightning'] = None",
        "try:",
        "    from depthgauge import GradientFlow",
        "except ImportError as error:",
        "    assert 'depthgauge[lightning]' in str(error), error",
        "else:",
        "    raise AssertionError",
    )


def test_importing_the_callback_adds_to_lightnings_import_only_modules_of_ours(tmp_path):
    """So it cannot cost more than these few small files, whatever the machine's load."""
    run(
        tmp_path,
        "import pytorch_lightning",
        "before = set(sys.modules)",
        "from depthgauge import GradientFlow",
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}",
        "assert new == {'depthgauge'}, new",
        "assert 'depthgauge.diagnosis.page' not in sys.modules",
    )
