"""A running block's state, so that a killed one resumes bit for bit.

No generator state is needed: initial weights and the order of examples are pure functions of the
seed and the step.
"""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from depthgauge.files import write_bytes
from depthgauge.training.chunk_callback import ChunkCallback
from depthgauge.training.instruments import Instrument
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings, merged
from depthgauge.training.schedule import Chunk

FORMAT = 3
"""Version of the checkpoint's format; any other is refused, and trained again from the start."""

SHARE = 20
"""Training between two checkpoints takes at least this many times as long as writing one."""


class StateFile:
    """State of the block `key` after some steps, in a file at `path`.

    Written every `seconds`, or less often where writing takes long: at most a twentieth of the time
    is spent on it.
    """

    def __init__(self, path: Path, key: str, seconds: float) -> None:
        """Wait `seconds` before the first time."""
        self.path, self.key, self.seconds = path, key, seconds
        self.written, self.took = time.monotonic(), 0.0

    def due(self) -> bool:
        """Return whether it is time to write."""
        return time.monotonic() - self.written >= max(self.seconds, SHARE * self.took)

    def save(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        """Write the state after `step` steps."""
        start = time.monotonic()
        # safetensors writes memory as it lies, and the networks' is padded
        arrays = {name: np.ascontiguousarray(each) for name, each in arrays.items()}
        meta = {"format": FORMAT, "key": self.key, "step": step, "digest": _digest(step, arrays)}
        write_bytes(self.path, save(arrays, {"depthgauge": json.dumps(meta, sort_keys=True)}))
        self.written = time.monotonic()
        self.took = self.written - start

    def load(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the steps already done and the state then; 0 and nothing without a usable file.

        A damaged file, or one of another format or block, is removed with a message.
        """
        try:
            return self._read()
        except FileNotFoundError:
            return 0, {}
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            print(
                f"depthgauge: {self.path} cannot be used ({error}); it is removed,"
                " and its block starts at the first step",
                file=sys.stderr,
            )
            self.path.unlink(missing_ok=True)
            return 0, {}

    def _read(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return step and arrays of the file, if it is this block's and unaltered.

        The key stands for shapes and code, the digest for the step and every byte of the arrays.
        """
        with safe_open(self.path, framework="numpy") as file:
            meta = json.loads((file.metadata() or {}).get("depthgauge", "{}"))
            if meta["format"] != FORMAT:
                raise ValueError(f"format {meta['format']}, not {FORMAT}")
            if meta["key"] != self.key:
                raise ValueError("of another block")
            arrays = {name: file.get_tensor(name) for name in file.offset_keys()}
        if meta["digest"] != _digest(meta["step"], arrays):
            raise ValueError("damaged")
        return meta["step"], arrays


class Checkpoint(StateFile, ChunkCallback):
    """Write the state at the end of a chunk, when that is due, and read it back."""

    def __init__(
        self, path: Path, key: str, instruments: Sequence[Instrument], seconds: float
    ) -> None:
        """Keep the block `key`'s networks and readings at `path`."""
        super().__init__(path, key, seconds)
        self.instruments = instruments

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Write when it is time; the last chunk needs none, its record follows."""
        if chunk.stop < module.steps and self.due():
            self.write(module, chunk.stop)

    def write(self, module: ReplicaModule, step: int) -> None:
        """Write networks and readings as they are after `step` steps."""
        state = module.state_dict().items()
        arrays = {f"state/{name}": value.cpu().numpy() for name, value in state}
        for instrument in self.instruments:
            if instrument.readings:
                seen = merged(instrument.readings)
                arrays[f"steps/{instrument.axis}"] = np.array(seen.steps)
                for name, values in seen.values.items():
                    arrays[f"values/{instrument.axis}/{name}"] = values
        self.save(step, arrays)

    def restore(self, module: ReplicaModule) -> int:
        """Restore networks and readings; return the steps already done.

        0, and `module` unchanged, if there is no usable state.
        """
        step, arrays = self.load()
        if not arrays:
            return 0
        state = {n.removeprefix("state/"): a for n, a in arrays.items() if n.startswith("state/")}
        module.load_state_dict({name: torch.from_numpy(each) for name, each in state.items()})
        for instrument in self.instruments:
            instrument.readings = _readings(arrays, instrument.axis)
        return step


def _digest(step: int, arrays: dict[str, np.ndarray]) -> str:
    """Return the sha256 over the step, and over name, type, shape and bytes of every array."""
    digest = hashlib.sha256(str(step).encode())
    for name, each in sorted(arrays.items()):
        digest.update(f"{name} {each.dtype} {each.shape} ".encode())
        digest.update(each.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _readings(arrays: dict[str, np.ndarray], axis: str) -> list[Readings]:
    if f"steps/{axis}" not in arrays:
        return []
    prefix = f"values/{axis}/"
    values = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
    return [Readings(arrays[f"steps/{axis}"].tolist(), values)]
