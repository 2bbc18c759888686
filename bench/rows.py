"""What is compared with what; every name ends in the peer.

`64 seeds against 1`: a model-step is a step of one network, and a peer that trains one at a time is
timed with one. Where both train as many together, that is said alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Way:
    """One way to do the work: a script of this folder, alone or several times at once."""

    script: str
    options: tuple[str, ...] = ()
    threads: int = 1
    processes: int = 1

    def __str__(self) -> str:
        """As in `peer_lightning.py --problem=nielsen, 2 processes of 1 thread`."""
        return (
            f"{' '.join((self.script, *self.options))},"
            f" processes: {self.processes}, threads each: {self.threads}"
        )


@dataclass(frozen=True)
class Row:
    """Ours beside a peer, which takes the best of its ways; ratio = ours / peer."""

    name: str
    ours: Way
    peers: tuple[Way, ...]
    unit: str = "model-steps/s"

    @property
    def more_is_better(self) -> bool:
        """Whether a larger value is the better one."""
        return self.unit == "model-steps/s"

    def value(self, sample: dict[str, float]) -> float:
        """Return what the row compares, from one measurement, in the row's unit."""
        return UNITS[self.unit](sample)


UNITS: dict[str, Callable[[dict[str, float]], float]] = {
    "model-steps/s": lambda sample: sample["speed"],
    "µs/model-step": lambda sample: 1e6 / sample["speed"],
    "MB": lambda sample: sample["megabytes"],
}


def ours(problem: str, seeds: int, every: int = 100, processes: int = 1) -> Way:
    """Return our whole training loop, gradient norms of 100 images `every` so many steps."""
    options = (f"--problem={problem}", f"--seeds={seeds}", f"--every={every}")
    return Way("ours.py", options, processes=processes)


def one_process(peer: str, problem: str) -> tuple[Way, Way]:
    """Return a peer with one and with two threads."""
    script, options = f"peer_{peer}.py", (f"--problem={problem}",)
    return Way(script, options, threads=1), Way(script, options, threads=2)


def both_cores(peer: str, problem: str) -> tuple[Way, Way]:
    """Return a peer as two processes at once, and as one with two threads."""
    script, options = f"peer_{peer}.py", (f"--problem={problem}",)
    return Way(script, options, processes=2), Way(script, options, threads=2)


def together(peer: str, problem: str, seeds: int) -> tuple[Way, Way]:
    """Return a peer that trains as many seeds at once, with one and with two threads."""
    options = (f"--problem={problem}", f"--seeds={seeds}")
    script = f"peer_{peer}.py"
    return Way(script, options, threads=1), Way(script, options, threads=2)


def jax(seeds: int, processes: int = 1) -> tuple[Way, Way]:
    """Return JAX with its own gradient and with one written by hand."""
    options = ("--problem=nielsen", f"--seeds={seeds}")
    return (
        Way("peer_jax.py", options, processes=processes),
        Way("peer_jax.py", (*options, "--by-hand"), processes=processes),
    )


def cadence(every: int, named: str) -> Row:
    """Return what gradient norms cost at a cadence: the time of a step, with and without."""
    return Row(
        f"nielsen 64 seeds, gradient norms of 100 images {named}: without",
        ours("nielsen", 64, every=every),
        (ours("nielsen", 64, every=0),),
        "µs/model-step",
    )


# The ways of neighbouring rows are measured one after the other: with and without probes above all.
ROWS = (
    Row(
        "nielsen 1 seed against 1, one thread: lightning",
        ours("nielsen", 1),
        one_process("lightning", "nielsen"),
    ),
    Row(
        "nielsen 1 seed against 1, one thread: pytorch",
        ours("nielsen", 1),
        one_process("pytorch", "nielsen"),
    ),
    Row(
        "nielsen 1 seed against 1, one thread: numpy",
        ours("nielsen", 1),
        one_process("numpy", "nielsen"),
    ),
    Row(
        "nielsen 10 seeds against 1, one thread: lightning",
        ours("nielsen", 10),
        one_process("lightning", "nielsen"),
    ),
    Row(
        "nielsen 64 seeds against 1, one thread: lightning",
        ours("nielsen", 64),
        one_process("lightning", "nielsen"),
    ),
    cadence(100, "every 100 steps"),
    Row(
        "nielsen 64 seeds a process against 1, both cores: lightning",
        ours("nielsen", 64, processes=2),
        both_cores("lightning", "nielsen"),
    ),
    Row(
        "nielsen 64 seeds against 1, one thread: pytorch",
        ours("nielsen", 64),
        one_process("pytorch", "nielsen"),
    ),
    Row(
        "nielsen 64 seeds against 1, one thread: numpy",
        ours("nielsen", 64),
        one_process("numpy", "nielsen"),
    ),
    Row(
        "nielsen 64 seeds against 64, one thread: vmap",
        ours("nielsen", 64),
        together("vmap", "nielsen", 64),
    ),
    Row(
        "nielsen 64 seeds against 1, peak memory: lightning",
        ours("nielsen", 64),
        one_process("lightning", "nielsen")[:1],
        "MB",
    ),
    Row(
        "glorot 5x1000 tanh, 1 seed against 1, one thread: lightning",
        ours("glorot", 1),
        one_process("lightning", "glorot"),
    ),
    Row(
        "glorot 5x1000 tanh, 1 seed a process against 1, both cores: lightning",
        ours("glorot", 1, processes=2),
        both_cores("lightning", "glorot"),
    ),
    Row(
        "glorot 5x1000 tanh, 1 seed a process against 1, both cores: pytorch",
        ours("glorot", 1, processes=2),
        both_cores("pytorch", "glorot"),
    ),
    Row(
        "glorot 5x1000 tanh, 4 seeds against 1, one thread: lightning",
        ours("glorot", 4),
        one_process("lightning", "glorot"),
    ),
    Row(
        "glorot 5x1000 tanh, 4 seeds against 4, one thread: vmap",
        ours("glorot", 4),
        together("vmap", "glorot", 4),
    ),
    cadence(10, "every 10 steps"),
    cadence(1, "every step"),
    # A row of Table 1: five rates by four seeds in one block, whose rates cost nothing (they are
    # folded into the deltas), against a Lightning process for each, two at a time; no start-up.
    Row(
        "Table 1 row, 5x100 tanh, 20 replicas, both cores: lightning",
        ours("glorot100", 20, every=0, processes=2),
        both_cores("lightning", "glorot100"),
    ),
)

# A well-kept array library with a compiler, for whoever has it: pip install -e '.[bench]'.
if find_spec("jax"):
    ROWS += (
        Row("nielsen 64 seeds against 64, one thread: jax", ours("nielsen", 64), jax(64)),
        Row(
            "nielsen 64 seeds a process against 64, both cores: jax",
            ours("nielsen", 64, processes=2),
            (*jax(64, processes=2), *jax(64)),
        ),
    )
