"""What must hold of the diagnosis on a CUDA GPU, as plain functions like those of gpu_checks.py.

Each takes a device and a folder of its own, and raises where it does not hold. On `cpu` the same
lines run and show that they run, no more.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from waiting import waiting_refused

from depthgauge import diagnose, watch
from depthgauge.diagnosis.findings import Remedy
from depthgauge.diagnosis.readings import Look

Check = Callable[[str, Path], None]
Batch = tuple[Tensor, Tensor]


def dense(dropout: float = 0.0) -> nn.Module:
    """Six tanh layers."""
    layers: list[nn.Module] = []
    for width in (64, *5 * [40]):
        layers += [nn.Linear(width, 40), nn.Tanh(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(40, 10))


def convolutional() -> nn.Module:
    """Batch norm and ReLU in place, and a block that is added to its input."""
    body = [nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(True)]
    first = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(True)]
    return nn.Sequential(*first, *body, nn.Flatten(), nn.Linear(512, 10))


class Attention(nn.Module):
    """Rows of the image as tokens, two encoder layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return the classes' scores of x: (example, 64)."""
        return self.head(self.encoder(self.embed(x.view(-1, 8, 8))).mean(dim=1))


class Recurrent(nn.Module):
    """Rows of the image as time steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(8, 16, 2, batch_first=True)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return the classes' scores of x: (example, 64)."""
        return self.head(self.cells(x.view(-1, 8, 8))[0][:, -1])


def made(kind: Callable[[], nn.Module], device: str) -> nn.Module:
    """Return the same weights on whatever device."""
    torch.manual_seed(0)
    return kind().to(device)


def batch(device: str, seed: int = 0) -> Batch:
    """Return 64 examples of 64 numbers, drawn on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(64, 64, generator=generator)
    return x.to(device), torch.randint(0, 10, (64,), generator=generator).to(device)


def cost(net: nn.Module, pair: Batch) -> Tensor:
    """Return the mean cross-entropy of one batch."""
    return functional.cross_entropy(net(pair[0]), pair[1])


@contextmanager
def reproducible() -> Iterator[None]:
    """Let torch refuse what is not deterministic, and round products as float32."""
    before, workspace = torch.are_deterministic_algorithms_enabled(), "CUBLAS_WORKSPACE_CONFIG"
    found = os.environ.get(workspace)
    os.environ[workspace] = ":4096:8"
    try:
        torch.use_deterministic_algorithms(True)
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(before)
        if found is None:
            del os.environ[workspace]
        else:
            os.environ[workspace] = found


Run = tuple[nn.Module, list[Tensor], tuple[Look, ...]]


def trained(
    kind: Callable[[], nn.Module],
    device: str,
    watched: bool = True,
    precision: torch.dtype | None = None,
    scale: float | None = None,
    batches: tuple[int, ...] = (0, 1, 2),
) -> Run:
    """Train a step a batch; return the network, its losses with one more draw, and the looks.

    `precision` is autocast's, `scale` what a GradScaler begins with.
    """
    net = made(kind, device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler(
        device, init_scale=scale or 1.0, backoff_factor=2.0**-30, enabled=scale is not None
    )
    torch.manual_seed(1)
    losses = []
    with watch(net, optimizer, scaler=scaler) if watched else nullcontext() as flow:
        for seed in batches:
            with torch.autocast(device, precision, enabled=precision is not None):
                loss = cost(net, batch(device, seed))
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            losses.append(loss.detach())
    looks = () if flow is None else flow.looks
    assert [look.problem for look in looks] == [None] * len(looks)
    return net, [*losses, torch.rand(1, device=device)], looks


def assert_alike(one: Any, other: Any, tolerance: float, where: str = "look") -> None:
    """Raise where two looks differ: numbers by more than the tolerance, the rest at all."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_alike(one[key], other[key], tolerance, f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_alike(a, b, tolerance, f"{where}[{i}]")
    elif isinstance(one, float):
        near = math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
        assert near or (math.isnan(one) and math.isnan(other)), f"{where}: {one}, {other}"
    else:
        assert one == other, f"{where}: {one}, {other}"


def looks_are_the_cpus(kind: Callable[[], nn.Module], device: str, folder: Path) -> None:
    """Every number of the first three steps' looks, to 1e-4."""
    with reproducible():
        *_, expected = trained(kind, "cpu")
        *_, found = trained(kind, device)
    assert len(found) == 3
    for one, other in zip(expected, found, strict=True):
        assert_alike(asdict(one), asdict(other), 1e-4)


def training_is_the_same_to_the_last_bit(
    kind: Callable[[], nn.Module],
    precision: torch.dtype | None,
    scale: float | None,
    device: str,
    folder: Path,
) -> None:
    """Losses, weights and the generator's next number, with `watch` and without."""
    with reproducible():
        one, losses, looks = trained(kind, device, True, precision, scale)
        other, expected, _ = trained(kind, device, False, precision, scale)
    assert len(looks) == 3
    tensors = (*losses, *one.state_dict().values())
    twins = (*expected, *other.state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(tensors, twins, strict=True))


def signals(looks: tuple[Look, ...]) -> list[float]:
    """Return the signals of every site at the first look."""
    return [site.signal for site in looks[0].sites if site.signal is not None]


def mixed_precision_gives_true_gradients(
    precision: torch.dtype,
    scale: float | None,
    batches: tuple[int, ...],
    device: str,
    folder: Path,
) -> None:
    """Loss and signals are those of float32 to rounding, without the factor of the loss.

    A step that a GradScaler skips does not end a look: it is of the next one.
    """
    *_, expected = trained(dense, device)
    *_, found = trained(dense, device, True, precision, scale, batches)
    assert math.isclose(found[0].loss, expected[0].loss, rel_tol=0.02)
    assert len(signals(found)) == 7
    assert_alike(signals(expected), signals(found), 0.02)


def a_look_waits_for_nothing_until_its_end(
    kind: Callable[[], nn.Module], device: str, folder: Path
) -> None:
    """Torch raises where the host would wait in the forward or backward pass of a look."""
    net, pair = made(kind, device), batch(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, every=1) as flow:
        cost(net, pair).backward()
        optimizer.step()
        with waiting_refused(device):
            loss = cost(net, pair)
            loss.backward()
        optimizer.step()
    assert [look.problem for look in flow.looks] == [None, None]


def a_captured_step_is_left_alone(device: str, folder: Path) -> None:
    """A step captured as a CUDA graph cannot be looked at: a sentence says so, and it replays."""
    if device != "cuda":
        return
    net, pair = made(dense, device), batch(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        cost(net, pair).backward()
        optimizer.step()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with watch(net, optimizer, every=1) as flow:
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
    before = [p.detach().clone() for p in net.parameters()]
    graph.replay()
    assert not any(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    *looked, last = [look.problem for look in flow.looks]
    assert looked == [None] * 3 and "captured as a CUDA graph" in str(last)


def diagnose_tries_every_remedy(kind: Callable[[], nn.Module], device: str, folder: Path) -> None:
    """On networks on the device; the generators' next numbers are those without a diagnosis."""

    def make() -> tuple[Any, ...]:
        return kind().to(device), cost, [batch(device, seed) for seed in range(2)]

    def draws() -> list[float]:
        return [torch.rand(1, device=each).item() for each in ("cpu", device)]

    torch.manual_seed(2)
    expected = draws()
    torch.manual_seed(2)
    found = diagnose(make, steps=(0, 2), seeds=2, remedies=list(Remedy))
    assert draws() == expected
    assert found.about["device"].startswith(device) and len(found.trials) == len(Remedy)
    assert [look.problem for look in found.looks] == [None] * len(found.looks)
    applied = {t.remedy for t in found.trials if t.note is None or not t.note}
    assert {Remedy.layer_norm, Remedy.batch_norm, Remedy.he_init, Remedy.clipping} <= applied


def lightning_is_looked_at(precision: Any, device: str, folder: Path) -> None:
    """GradientFlow in a Trainer: the looks of `watch` to rounding, and a page."""
    import pytorch_lightning as pl
    from torch.utils.data import DataLoader, TensorDataset

    from depthgauge import GradientFlow

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = made(dense, "cpu")

        def training_step(self, pair: Batch, number: int) -> Tensor:
            return cost(self.net, pair)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)

    examples = [torch.cat(each) for each in zip(*(batch("cpu", s) for s in range(3)), strict=True)]
    flow = GradientFlow()
    trainer = pl.Trainer(
        accelerator=device,
        devices=1,
        precision=precision,
        max_epochs=1,
        callbacks=[flow],
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(), DataLoader(TensorDataset(*examples), batch_size=64))
    *_, expected = trained(dense, device)
    assert [look.problem for look in flow.looks] == [None] * 3
    assert_alike(signals(expected), signals(flow.looks), 0.02)
    assert (folder / "flow.html").stat().st_size > 1_000


KINDS = {
    "dense": dense,
    "convolutional": convolutional,
    "attention": Attention,
    "recurrent": Recurrent,
}
"""Those that draw no number while they train: a GPU draws others than the CPU."""

DROPS = partial(dense, 0.1)

PRECISIONS: dict[str, tuple[torch.dtype | None, float | None]] = {
    "float32": (None, None),
    "bfloat16": (torch.bfloat16, None),
    "float16, scaled": (torch.float16, 2.0**12),
}

CHECKS: dict[str, Check] = {
    **{f"looks are the CPU's ({k})": partial(looks_are_the_cpus, v) for k, v in KINDS.items()},
    **{
        f"training is the same to the last bit ({name}, {how})": partial(
            training_is_the_same_to_the_last_bit, kind, *precision
        )
        for name, kind in {**KINDS, "dropout": DROPS}.items()
        for how, precision in PRECISIONS.items()
        if how == "float32" or name in {"dropout", "convolutional"}
    },
    "bfloat16 gives true gradients": partial(
        mixed_precision_gives_true_gradients, torch.bfloat16, None, (0, 1, 2)
    ),
    "scaled float16 gives true gradients": partial(
        mixed_precision_gives_true_gradients, torch.float16, 2.0**12, (0, 1, 2)
    ),
    "a skipped step gives true gradients": partial(
        mixed_precision_gives_true_gradients, torch.float16, 2.0**40, (0, 0, 1, 2)
    ),
    **{
        f"a look waits for nothing until its end ({name})": partial(
            a_look_waits_for_nothing_until_its_end, kind
        )
        for name, kind in {**KINDS, "dropout": DROPS}.items()
    },
    "a captured step is left alone": a_captured_step_is_left_alone,
    **{
        f"diagnose tries every remedy ({name})": partial(diagnose_tries_every_remedy, kind)
        for name, kind in {"dropout": DROPS, "convolutional": convolutional}.items()
    },
}
"""All of them by name."""

if find_spec("pytorch_lightning"):
    CHECKS |= {
        f"Lightning is looked at ({how})": partial(lightning_is_looked_at, how)
        for how in ("32-true", "bf16-mixed", "16-mixed")
    }
