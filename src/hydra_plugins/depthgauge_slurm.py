"""Hydra's Slurm launcher, for sweeps whose cells are known and may fail.

Hydra looks for launchers in this namespace only, and imports what it finds at every start.
"""

from collections.abc import Collection, Sequence
from importlib.util import find_spec
from typing import ClassVar

if find_spec("submitit"):  # the extra `slurm` is installed
    from hydra.core.utils import JobReturn
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher

    class PatientSlurmLauncher(SlurmLauncher):
        """Submits the cells that are left, and waits for every job, whatever became of others."""

        left: ClassVar[Collection[int]] = ()
        """Positions in the grid of the cells to submit."""

        def launch(
            self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
        ) -> Sequence[JobReturn]:
            """Return nothing: what the jobs did is in .cells."""
            from depthgauge.stages.slurm_jobs import every_job_awaited

            cells = enumerate(job_overrides, initial_job_idx)
            with every_job_awaited():
                super().launch([words for position, words in cells if position in self.left], 0)
            return []
