"""Hydra's Slurm launcher, for sweeps whose cells are known and may fail.

Hydra looks for launchers in this namespace only, and imports what it finds at every start.
"""

from collections.abc import Sequence
from importlib.util import find_spec

if find_spec("submitit"):  # the extra `slurm` is installed
    from hydra.core.utils import JobReturn
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher

    class PatientSlurmLauncher(SlurmLauncher):
        """Waits for every job, even if others failed."""

        def launch(
            self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
        ) -> Sequence[JobReturn]:
            """Return nothing: what the jobs did is in .cells."""
            from depthgauge.execution.slurm_watcher import every_job_awaited

            with every_job_awaited():
                super().launch(job_overrides, initial_job_idx)
            return []
