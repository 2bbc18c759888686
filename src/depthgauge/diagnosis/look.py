"""One instrumented training step: hooks on the sites and on their outputs' gradients.

Nothing is run twice and no random number is drawn. Numbers stay on the device; when the step is
over, one copy brings all of them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode, handle_torch_function, has_torch_function
from torch.utils.hooks import RemovableHandle

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.depth import Place, adds_identity, places
from depthgauge.diagnosis.parts import Reduce, agree, assemble
from depthgauge.diagnosis.readings import Kind, Look
from depthgauge.diagnosis.record import Record
from depthgauge.diagnosis.sites import find_sites
from depthgauge.diagnosis.trace import KNOWN, Trace


@dataclass(eq=False)
class Pass:
    """One backward pass and the sites it reached."""

    loss: Tensor
    summed: bool
    """Whether the loss adds up examples rather than averaging them."""
    records: list[Record]
    places: Mapping[int, Place]
    input_sameness: Tensor | None
    arrivals: list[Record] = field(default_factory=list)
    """In the order in which their deltas came."""
    optimizer: int = -1
    """Which one stepped after it; -1 before any has."""
    open: bool = True

    @property
    def examples(self) -> int:
        """Examples of the batch."""
        return next(r.examples for r in self.records)


NOTHING_SEEN = (
    "no loss's backward pass reached the output of a module with weights in training mode"
)


class Instrument(TorchFunctionMode):
    """Watches one training step, from before its forward pass until after the optimizer's step.

    Use `attach`, let the step run, then call `stepped` after each optimizer's step, `detach`, and
    `looks`. An exception of ours is kept in `problem` and ends the look; the training goes on.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.problem: str | None = None
        self.passes: list[Pass] = []
        self._records: list[Record] = []
        self._calls: Counter[nn.Module] = Counter()
        self._trace = Trace()
        self._handles: list[RemovableHandle] = []
        self._before: dict[Tensor, Tensor] = {}
        self._input_sameness: Tensor | None = None
        self._sums: set[torch.autograd.graph.Node] = set()
        self._weight: Tensor | None = None
        self._open: Pass | None = None
        self._busy = False
        self._stance: Any = None
        self._attached = False

    def attach(self) -> None:
        """Hook every site, see torch's functions, and let compiled modules run uncompiled."""
        self._attached = True
        self._stance = torch.compiler.set_stance("force_eager")
        self._stance.__enter__()
        self.__enter__()
        self._guard(self._hook_sites)

    def _hook_sites(self) -> None:
        for module, (name, kind) in find_sites(self.net).items():
            hook = Hook(self, name, kind)
            self._handles.append(module.register_forward_hook(hook, with_kwargs=True))
            if isinstance(module, nn.RNNBase):
                entry = EntryHook(self)
                self._handles.append(module.register_forward_pre_hook(entry))

    def detach(self) -> None:
        """Take every hook off again; a second call does nothing."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._attached:
            self._attached = False
            self.__exit__(None, None, None)
            self._stance.__exit__(None, None, None)

    def _guard(self, act: Callable[..., Any], *args: Any) -> Any:
        """Run our own code: no torch function of ours is traced, no exception of ours gets out."""
        if self.problem is not None or self._busy:
            return None
        if has_torch_function(()):  # torch suspends a mode while it runs in it: much quicker
            return handle_torch_function(self._run, (), act, *args)
        return self._run(act, *args)

    def _run(self, act: Callable[..., Any], *args: Any) -> Any:
        self._busy = True
        try:
            with torch.no_grad():
                return act(*args)
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"
            return None
        finally:
            self._busy = False

    # Functions of torch, as the step calls them

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping | None = None
    ) -> Any:
        """Call the function; read what activations, losses and backward passes are given."""
        kwargs = kwargs or {}
        if func == self._run or self._busy or self.problem is not None:
            return func(*args, **kwargs)
        if func is torch.Tensor.backward or func is torch.autograd.backward:
            self._guard(self._start_backward, args[0] if args else kwargs.get("tensors"))
            try:
                return func(*args, **kwargs)
            finally:
                self._guard(self._end_backward)
        name = getattr(func, "__name__", "").rstrip("_")
        if name in {"linear", "conv1d", "conv2d", "conv3d"} and len(args) > 1:
            self._weight = args[1]
        after = self._guard(self._trace.before, name, args, kwargs) if name in KNOWN else None
        output = func(*args, **kwargs)
        if after is not None:
            self._guard(after, output)
        if (name == "sum" or kwargs.get("reduction") == "sum") and isinstance(output, Tensor):
            self._sums.add(output.grad_fn)  # type: ignore[arg-type]
        return output

    # The forward pass

    def forward_called(
        self, hook: "Hook", module: nn.Module, args: Sequence[Any], kwargs: Mapping, output: Any
    ) -> None:
        """Read one output of a site at once: what follows may overwrite it."""
        if not module.training or not torch.is_grad_enabled():
            return
        self._guard(self._record, hook, module, args, kwargs, output)

    def _record(
        self, hook: "Hook", module: nn.Module, args: Sequence[Any], kwargs: Mapping, output: Any
    ) -> None:
        z, x = _tensor(output), _tensor(args) if args else _tensor(tuple(kwargs.values()))
        if z is None or not z.is_floating_point():
            return
        if hook.kind is Kind.block and any(r.node is z.grad_fn for r in self._records):
            return
        if self._open is not None and not self._recomputed(module, z):
            return
        self._calls[module] += 1
        call = self._calls[module]
        record = _new_record(module, hook, call, z, x)
        self._read(record, z, x)
        if z.requires_grad:
            z.register_hook(DeltaHook(self, record))
            self._trace.start(record, z)
        self._records.append(record)
        if self._open is not None:
            self._open.records.append(record)

    def _recomputed(self, module: nn.Module, z: Tensor) -> bool:
        """Whether a module called amid a backward pass was not recorded before (checkpoints)."""
        known = self._open is not None and any(r.module is module for r in self._open.records)
        return z.requires_grad and not known

    def _read(self, record: Record, z: Tensor, x: Tensor | None) -> None:
        value = z.detach()
        energy = statistics.square(value)
        record.put("rms", energy / max(value.numel(), 1))
        record.put("sameness", statistics.sameness(value, energy))
        if not self._records and x is not None and x.is_floating_point():
            self._input_sameness = statistics.sameness(x.detach())
        tag = self._trace.tag(x)
        if tag is not None:
            record.source, record.between = tag.source, tag.names
            record.put("slopes", tag.slopes)
            record.put("normalization", tag.normalization)
        weight = self._weight_of(record.module)
        if weight is not None and weight.dim() > 1:
            _read_weight(record, weight.detach())
        for parameter in _weights(record.module):
            if parameter.requires_grad and parameter not in self._before:
                self._before[parameter] = parameter.detach().clone()

    def _weight_of(self, module: nn.Module) -> Tensor | None:
        """The weight that the call used; a parametrization must not run once more to tell it."""
        if parametrize.is_parametrized(module, "weight"):
            return self._weight
        weight = getattr(module, "weight", None)
        return (
            weight if isinstance(weight, Tensor) and not isinstance(module, nn.Embedding) else None
        )

    def entered(self, module: nn.Module, args: Sequence[Any]) -> Any:
        """Read the gradient that arrives at each time step of a recurrent module's input."""
        if not module.training or not torch.is_grad_enabled() or not args:
            return None
        x = args[0]
        if not isinstance(x, Tensor) or x.dim() != 3 or not x.is_floating_point():
            return None
        replaced = x if x.requires_grad else x.detach().requires_grad_()
        replaced.register_hook(TimeHook(self, module))
        return None if replaced is x else (replaced, *args[1:])

    # The backward pass

    def _start_backward(self, losses: Any) -> None:
        loss = losses if isinstance(losses, Tensor) else next(iter(losses), None)
        if loss is None or loss.grad_fn is None:
            return
        numbers = {r.node: i for i, r in enumerate(self._records) if r.node is not None}
        found = places(loss.grad_fn, numbers)
        records = [r for i, r in enumerate(self._records) if i in found or r.node is None]
        renumber = {self._records.index(r): i for i, r in enumerate(records)}
        place = {
            renumber[i]: Place(p.depth, frozenset(renumber.get(j, j) for j in p.readers))
            for i, p in found.items()
        }
        self._open = Pass(loss.detach(), self._is_sum(loss), records, place, self._input_sameness)
        self._keep_block_deltas(records)

    def _is_sum(self, loss: Tensor) -> bool:
        """Whether the loss adds up its examples: the last reduction before it is a sum."""
        node = loss.grad_fn
        while node is not None:
            if node in self._sums:
                return True
            inputs = [child for child, _ in node.next_functions if child is not None]
            if not node.name().startswith(("Mul", "Div")) or len(inputs) != 1:
                return False
            node = inputs[0]
        return False

    def _keep_block_deltas(self, records: Sequence[Record]) -> None:
        by_node = {r.node: r for r in records if r.node is not None}
        for record in records:
            if record.kind is not Kind.block or record.node is None or record.entry is None:
                continue
            source = by_node.get(record.entry)
            if source is None or source.node is None:
                continue
            if adds_identity(record.node, source.node):
                record.source, record.between, record.keeps_delta = source, ("add",), True

    def delta_came(self, record: Record, delta: Tensor) -> None:
        """Read a delta as it passes by."""
        if self._open is not None and self._open.open:
            self._guard(self._read_delta, self._open, record, delta)

    def _read_delta(self, current: Pass, record: Record, delta: Tensor) -> None:
        if record in current.arrivals:
            return
        current.arrivals.append(record)
        record.put("signal", statistics.square(delta))
        if record.keeps_delta:
            record.delta = delta.detach().clone()
        for other in current.records:
            if other.keeps_delta and other.source is record and other.delta is not None:
                if other.delta.shape == delta.shape:
                    other.put("branch", statistics.square(delta - other.delta))
                    other.put("stream", statistics.square(other.delta))
                other.delta = None

    def time_came(self, module: nn.Module, delta: Tensor) -> None:
        """Read the delta of a recurrent module's input, step by step."""
        if self._open is not None:
            self._guard(self._read_time, self._open, module, delta)

    def _read_time(self, current: Pass, module: nn.Module, delta: Tensor) -> None:
        for record in current.records:
            if record.module is module and "time" not in record.numbers:
                dim = 1 if getattr(module, "batch_first", False) else 0
                record.put("time", statistics.squares_over(delta, dim))

    def _end_backward(self) -> None:
        if self._open is not None:
            self._open.open = False
            self.passes.append(self._open)
            used = set(self._open.records)
            self._records = [r for r in self._records if r not in used]
            self._open = None
        self._calls.clear()
        self._input_sameness = None

    # The optimizer's step

    def stepped(self, optimizer: int) -> None:
        """Say that an optimizer has taken its step: the passes before belong to it."""
        self._guard(self._read_updates, optimizer)

    def _read_updates(self, optimizer: int) -> None:
        for each in self.passes:
            if each.optimizer < 0:
                each.optimizer = optimizer
        for each in self.passes:
            for record in each.records:
                pairs = [(p, self._before[p]) for p in _weights(record.module) if p in self._before]
                if pairs:
                    change = sum(statistics.square(p.detach() - old) for p, old in pairs)
                    size = sum(statistics.square(old) for _, old in pairs)
                    record.put("update", change / size)  # type: ignore[arg-type]

    @property
    def failed(self) -> bool:
        """Whether an exception of ours ended the look."""
        return self.problem is not None

    def looks(
        self, step: int, activity: Activity, scale: float = 1.0, reduce: Reduce | None = None
    ) -> list[Look]:
        """Return one look for each backward pass with sites of its own; the last of equal ones."""
        problem = None if find_sites(self.net) else "no module of the network has weights"
        if self.problem is not None and reduce is not None:
            with suppress(RuntimeError):  # the other processes must not wait for this one
                agree(0, reduce)
        seen = self._guard(assemble, self.passes, step, activity, scale, reduce)
        if not seen:
            problem = self.problem or problem or NOTHING_SEEN
            return [Look(step, float("nan"), 0, (), problem=problem)]
        return seen


class Hook:
    """A site's forward hook; a copy of the network gets one that does nothing."""

    def __init__(self, instrument: Instrument, name: str, kind: Kind) -> None:
        self.instrument, self.name, self.kind = instrument, name, kind

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Return None: anything else would replace the output."""
        self.instrument.forward_called(self, module, args, kwargs, output)

    def __reduce__(self) -> tuple:
        """Neither copies nor pickles keep the instrument."""
        return Inert, ()


class EntryHook:
    """A recurrent module's forward pre-hook."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __call__(self, module: nn.Module, args: Any) -> Any:
        """Return the same input, with a gradient to read if it had none."""
        return self.instrument.entered(module, args)

    def __reduce__(self) -> tuple:
        """Neither copies nor pickles keep the instrument."""
        return Inert, ()


class Inert:
    """What a copied network has in place of a hook."""

    def __call__(self, *args: Any) -> None:
        """Do nothing."""


class DeltaHook:
    """Reads the gradient of a site's output."""

    def __init__(self, instrument: Instrument, record: Record) -> None:
        self.instrument, self.record = instrument, record

    def __call__(self, delta: Tensor) -> None:
        """Return None: anything else would replace the gradient."""
        self.instrument.delta_came(self.record, delta)


class TimeHook:
    """Reads the gradient of a recurrent module's input."""

    def __init__(self, instrument: Instrument, module: nn.Module) -> None:
        self.instrument, self.module = instrument, module

    def __call__(self, delta: Tensor) -> None:
        """Return None: anything else would replace the gradient."""
        self.instrument.time_came(self.module, delta)


def _tensor(value: Any) -> Tensor | None:
    """The first tensor in what a module takes or returns: HuggingFace's models return mappings."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return next((t for t in map(_tensor, value) if t is not None), None)
    data = getattr(value, "data", None)  # a packed sequence
    return data if isinstance(data, Tensor) else None


def _new_record(module: nn.Module, hook: Hook, call: int, z: Tensor, x: Tensor | None) -> Record:
    unit_dim = 1 if hook.kind is Kind.convolution and z.dim() > 2 else -1
    batch = 1 if isinstance(module, nn.RNNBase) and not module.batch_first and z.dim() == 3 else 0
    return Record(
        module=module,
        name=hook.name if call == 1 else f"{hook.name} (call {call})",
        kind=hook.kind,
        units=z.shape[unit_dim] if z.dim() else 1,
        unit_dim=unit_dim,
        examples=z.shape[batch] if z.dim() > 1 else 1,
        node=z.grad_fn,
        entry=None if x is None else x.grad_fn,
    )


def _read_weight(record: Record, weight: Tensor) -> None:
    transposed = isinstance(
        record.module, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
    )
    if transposed:
        weight = weight.transpose(0, 1)
    record.weight_rows = record.units
    record.fan_in = weight.numel() // record.units  # by groups
    record.put("weight", statistics.square(weight))
    record.put("symmetry", statistics.symmetry(weight))
    bias = getattr(record.module, "bias", None)
    if isinstance(bias, Tensor):
        record.put("bias", statistics.mean_square(bias.detach()))


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """A site's own trained weights, biases aside; a block has none of its own."""
    if not any(isinstance(module, c) for c in _SITES):
        return []
    return [p for name, p in module.named_parameters() if "bias" not in name]


_SITES = (
    nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase, nn.Linear, nn.Embedding, nn.EmbeddingBag,
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip
