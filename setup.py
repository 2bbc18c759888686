"""What pyproject.toml cannot say of the build: the wheel holds conf/, for `depthgauge init`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHARED = ("conf", "data.dvc", "docs/examples/my_functions.py")


class BuildWithConf(build_py):
    """Copies SHARED to depthgauge/new_project, where an installed package finds them."""

    def run(self) -> None:
        """Build the package, then copy; an editable install reads the clone's own."""
        super().run()
        if not self.editable_mode:
            for name in SHARED:
                place = Path(self.build_lib, "depthgauge", "new_project", name)
                place.parent.mkdir(parents=True, exist_ok=True)
                if Path(name).is_dir():
                    shutil.copytree(name, place, dirs_exist_ok=True)
                else:
                    shutil.copy(name, place)


setup(cmdclass={"build_py": BuildWithConf})
