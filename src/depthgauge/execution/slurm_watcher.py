"""The jobs of a sweep in Slurm, from their submission to the end of the last one."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from submitit.core.utils import FailedSubmissionError, UncompletedJobError
from submitit.slurm.slurm import SlurmInfoWatcher, SlurmJob

from depthgauge.planning.slurm import QUEUE, ask, refused

PAUSE_SECONDS = 10
"""At most, between two questions to the cluster; a job that ends well is noticed by its file."""

USUAL = {"None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime"}
"""Why jobs wait for their turn, in Slurm's words."""


class Queue(SlurmInfoWatcher):
    """Knows whether a job has ended by asking squeue, which answers on every cluster.

    submitit asks sacct, which without accounting has nothing to say: a killed job would be waited
    for forever.
    """

    reported: str = ""
    """What was last said about jobs that wait."""

    def _make_command(self) -> list[str]:
        return [*QUEUE, "--format=%i|%T|%r"]

    def read_info(self, string: str | bytes) -> dict[str, dict[str, str]]:
        """Return the state of every job, by its number: a job that is not listed has ended."""
        text = string if isinstance(string, str) else string.decode()
        listed = [line.split("|", 2) for line in text.splitlines()]
        ours = {job: (state, reason) for job, state, reason in listed if job in self._registered}
        self._report({reason for state, reason in ours.values() if state == "PENDING"} - USUAL)
        return {job: {"State": "RUNNING" if job in ours else "ENDED"} for job in self._registered}

    def _report(self, reasons: set[str]) -> None:
        """Say once why jobs wait; some reasons need a person."""
        waiting = ", ".join(sorted(reasons))
        if waiting and waiting != self.reported:
            print(f"depthgauge: jobs wait in Slurm's queue ({waiting})", file=sys.stderr)
        self.reported = waiting

    def ended(self) -> bool:
        """Return whether all jobs have ended."""
        return all(self.is_done(job) for job in sorted(self._registered))

    def cancel(self) -> None:
        """Cancel the jobs."""
        ask("scancel", *sorted(self._registered))


@contextmanager
def every_job_awaited() -> Iterator[None]:
    """Wait for all jobs, also where one was killed; cancel them on interruption.

    Raises the error of `refused` if Slurm rejects them.
    """
    queue = Queue(PAUSE_SECONDS)
    SlurmJob.watcher = queue
    try:
        yield
    except FailedSubmissionError as error:
        raise refused(str(error)) from None
    except UncompletedJobError:  # the first that failed; the others may still be at work
        while not queue.ended():
            time.sleep(1)
    except (KeyboardInterrupt, SystemExit):
        queue.cancel()
        raise
