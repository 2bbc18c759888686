"""One instrumented training step: hooks on the sites and on their outputs' gradients.

Nothing is run twice and no random number is drawn. Numbers stay on the device; when the step is
over, one copy brings all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import PackedSequence
from torch.utils.hooks import RemovableHandle

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.function_mode import FunctionMode
from depthgauge.diagnosis.hooks import Hook
from depthgauge.diagnosis.loss_reading import LOSSES, LossReading
from depthgauge.diagnosis.parts import Reduce, agree, assemble
from depthgauge.diagnosis.passes import Pass, read_delta, start_pass
from depthgauge.diagnosis.readings import Kind, Look
from depthgauge.diagnosis.record import Record
from depthgauge.diagnosis.site_output import (
    first_tensor,
    last_states,
    new_record,
    read_output,
    read_weight,
    trained_weights,
)
from depthgauge.diagnosis.sites import find_sites
from depthgauge.diagnosis.trace import KNOWN, Trace

NOTHING_SEEN = (
    "no loss's backward pass reached the output of a module with weights in training mode"
)
NO_SITES = (
    "the network has no dense, convolutional, recurrent, attention or embedding module of torch.nn,"
    " whose outputs are looked at"
)
CAPTURED = "it is captured as a CUDA graph, and nothing of it can be read when that is replayed"

_OF_LOSSES = LOSSES | {"sum", "softmax", "sigmoid"}
_LAYERS = frozenset({"linear", "conv1d", "conv2d", "conv3d"})


class Instrument:
    """Watches one training step, from before its forward pass until after the optimizer's step.

    Use `attach`, let the step run, then call `stepped` after each optimizer's step, `detach`, and
    `looks`. An exception of ours is kept in `problem` and ends the look; the training goes on.
    """

    def __init__(self, net: nn.Module, mode: FunctionMode | None = None) -> None:
        self.net = net
        self.problem: str | None = None
        self.passes: list[Pass] = []
        self._mode = mode or FunctionMode()
        self._records: list[Record] = []
        self._used: list[Record] = []
        self._trace = Trace()
        self._handles: list[RemovableHandle] = []
        self._before: dict[nn.Module, dict[str, tuple[nn.Parameter, Tensor]]] = {}
        self._input_sameness: Tensor | None = None
        self._losses = LossReading()
        self._weight: Tensor | None = None
        self._open: Pass | None = None
        self._stance: Any = None

    def attach(self) -> bool:
        """Hook every site, see torch's functions, and let compiled modules run uncompiled.

        Return False, with nothing attached, where a mode of the user's does not allow it now.
        """
        if not self._mode.enter():
            return False
        self._mode.seen = self._function_called
        self._stance = torch.compiler.set_stance("force_eager")
        self._stance.__enter__()
        self._guard(self._hook_sites)
        return True

    def _hook_sites(self) -> None:
        for module, (name, kind) in find_sites(self.net).items():
            hook = Hook(self._forward_called, name, kind)
            self._handles.append(module.register_forward_hook(hook, with_kwargs=True))
            if isinstance(module, nn.RNNBase):
                self._handles.append(module.register_forward_pre_hook(Hook(self._entered)))

    def detach(self) -> None:
        """Take every hook off again; a second call does nothing."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._stance is not None:
            self._mode.leave()
            self._stance.__exit__(None, None, None)
            self._stance = None

    def _guard(self, act: Callable[..., Any], *args: Any) -> Any:
        """Run our own code: no torch function of ours is seen, no exception of ours gets out."""
        return None if self.problem else self._mode.suspended(self._run, act, *args)

    def _run(self, act: Callable[..., Any], *args: Any) -> Any:
        try:
            with torch.no_grad():
                return act(*args)
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"
            return None

    # Functions of torch, as the step calls them

    def _function_called(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function; read what activations, losses and backward passes are given."""
        name = getattr(func, "__name__", "")
        if name == "__get__" or self.problem is not None:
            return func(*args, **kwargs)
        if func is torch.Tensor.backward or func is torch.autograd.backward:
            self._guard(self._start_backward, args[0] if args else kwargs.get("tensors"))
            try:
                return func(*args, **kwargs)
            finally:
                self._guard(self._end_backward)
        name = name.rstrip("_")
        if name in _LAYERS and len(args) > 1:
            self._weight = args[1]
        after = self._guard(self._trace.before, name, args, kwargs) if name in KNOWN else None
        output = func(*args, **kwargs)
        if after is not None:
            self._guard(after, output)
        if name in _OF_LOSSES or kwargs.get("reduction") == "sum":
            self._guard(self._losses.seen, name, args, kwargs, output)
        return output

    # The forward pass

    def _forward_called(
        self, name: str, kind: Kind, module: nn.Module, args: Any, kwargs: Mapping, output: Any
    ) -> None:
        """Read one output of a site at once, as what follows may overwrite it; replace nothing."""
        if module.training and torch.is_grad_enabled():
            self._guard(self._record, name, kind, module, args or tuple(kwargs.values()), output)

    def _record(
        self, name: str, kind: Kind, module: nn.Module, inputs: Sequence[Any], output: Any
    ) -> None:
        z, x = first_tensor(output), first_tensor(inputs)
        if z is None or not z.is_floating_point() or not z.numel():
            return  # as of an expert that was given no example
        if z.is_cuda and torch.cuda.is_current_stream_capturing():
            raise RuntimeError(CAPTURED)
        if kind is Kind.block and any(r.node is z.grad_fn for r in self._records):
            return
        if self._open is not None and not self._recomputed(module, z):
            return
        record = new_record(module, kind, name, z, x, output)
        self._read(record, z, x)
        for number, tensor in enumerate((z, *last_states(module, output))):
            if tensor.requires_grad:
                tensor.register_hook(partial(self.delta_came, record, number))
        self._trace.start(record, z)
        self._records.append(record)
        if self._open is not None:
            self._open.records.append(record)

    def _recomputed(self, module: nn.Module, z: Tensor) -> bool:
        """Whether a module called during a backward pass was not recorded before (checkpoints)."""
        known = self._open is not None and any(r.module is module for r in self._open.records)
        return z.requires_grad and not known

    def _read(self, record: Record, z: Tensor, x: Tensor | None) -> None:
        read_output(record, z.detach())
        if not self._records and x is not None and x.is_floating_point():
            self._input_sameness = statistics.sameness(x.detach())
        tag = self._trace.tag(x)
        if tag is not None:
            record.source, record.between = tag.source, tag.names
            record.put("slopes", tag.slopes)
            record.put("normalization", tag.normalization)
        weight = self._weight_of(record.module)
        if weight is not None and weight.dim() > 1:
            read_weight(record, weight.detach())
        if record.module not in self._before:
            weights = trained_weights(record.module).items()
            self._before[record.module] = {n: (p, p.detach().clone()) for n, p in weights}

    def _weight_of(self, module: nn.Module) -> Tensor | None:
        """The weight that the call used; a parametrization must not run once more to tell it."""
        if parametrize.is_parametrized(module, "weight"):
            return self._weight
        weight = getattr(module, "weight", None)
        return (
            weight if isinstance(weight, Tensor) and not isinstance(module, nn.Embedding) else None
        )

    def _entered(self, module: nn.Module, args: Sequence[Any]) -> Any:
        """Read the gradient that arrives at each time step of a recurrent module's input."""
        if not module.training or not torch.is_grad_enabled() or not args:
            return None
        packed = args[0] if isinstance(args[0], PackedSequence) else None
        x = args[0] if packed is None else packed.data
        if not isinstance(x, Tensor) or not x.is_floating_point() or (not packed and x.dim() != 3):
            return None
        if not x.requires_grad and not any(each.requires_grad for each in module.parameters()):
            return None  # the output of a frozen layer must not come to require a gradient
        replaced = x if x.requires_grad else x.detach().requires_grad_()
        sizes = None if packed is None else packed.batch_sizes
        replaced.register_hook(partial(self._time_came, module, sizes))
        if replaced is x:
            return None
        return (replaced if packed is None else packed._replace(data=replaced), *args[1:])

    # The backward pass

    def _start_backward(self, losses: Any) -> None:
        given = [losses] if isinstance(losses, Tensor) else list(losses)
        if any(each.grad_fn is not None for each in given):
            self._open = start_pass(
                given, self._used, self._records, self._losses, self._input_sameness
            )

    def delta_came(self, record: Record, output: int, delta: Tensor | None) -> None:
        """Read a delta as it passes by, None where the loss reads another output of the node."""
        if self._open is not None and delta is not None:
            self._guard(read_delta, self._open, record, delta, output)

    def _time_came(self, module: nn.Module, sizes: Tensor | None, delta: Tensor) -> None:
        """Read the delta of a recurrent module's input, step by step."""
        if self._open is not None:
            self._guard(self._read_time, self._open, module, sizes, delta)

    def _read_time(
        self, current: Pass, module: nn.Module, sizes: Tensor | None, delta: Tensor
    ) -> None:
        for record in current.records:
            if record.module is module and "time" not in record.numbers:
                dim = 1 if getattr(module, "batch_first", False) else 0
                squares = (
                    statistics.squares_over(delta, dim)
                    if sizes is None
                    else statistics.squares_over_packed(delta, sizes)
                )
                record.put("time", squares)

    def _end_backward(self) -> None:
        if self._open is not None:
            self.passes.append(self._open)
            read = set(self._open.records)
            self._used += [r for r in self._records if r in read]
            self._records = [r for r in self._records if r not in read]
            self._open = None
        self._input_sameness = None

    # The optimizer's step

    def stepped(self, optimizer: int) -> None:
        """Say that an optimizer has taken its step: the passes before belong to it."""
        self._guard(self._read_updates, optimizer)

    def _read_updates(self, optimizer: int) -> None:
        for each in self.passes:
            if each.optimizer < 0:
                each.optimizer = optimizer
            for record in each.records:
                self._read_update(record)

    def _read_update(self, record: Record) -> None:
        weights = self._before[record.module]
        if not weights:
            return
        change = sum(statistics.square(p.detach() - old) for p, old in weights.values())
        size = record.numbers.get("weight") if weights.keys() == {"weight"} else None
        if size is None:
            size = sum(statistics.square(old) for _, old in weights.values())
        record.put("update", change / size)  # type: ignore[arg-type]

    def looks(
        self, step: int, activity: Activity, scale: float = 1.0, reduce: Reduce | None = None
    ) -> list[Look]:
        """Return one look for each backward pass with sites of its own; the last of equal ones."""
        if self.problem is not None and reduce is not None:
            with suppress(RuntimeError):  # the other processes must not wait for this one
                agree(0, reduce)
        seen = self._guard(assemble, self.passes, step, activity, scale, reduce)
        if seen:
            return seen
        none = None if find_sites(self.net) else NO_SITES
        problem = self.problem or none or NOTHING_SEEN
        return [Look(step, float("nan"), 0, (), problem=problem)]
