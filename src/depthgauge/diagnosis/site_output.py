"""What is read of one output of a site in the forward pass, and of the module's weights."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.readings import Kind
from depthgauge.diagnosis.record import Record
from depthgauge.diagnosis.sites import kind_of

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def first_tensor(value: Any) -> Tensor | None:
    """The first tensor in what a module takes or returns: HuggingFace's models return mappings."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return next((t for t in map(first_tensor, value) if t is not None), None)
    data = getattr(value, "data", None)  # a packed sequence
    return data if isinstance(data, Tensor) else None


def new_record(
    module: nn.Module, kind: Kind, name: str, z: Tensor, inputs: Tensor | None, output: Any
) -> Record:
    """Return the record of one output z (example, ..., unit), channels first in convolutions.

    `output` is all that the module returned.
    """
    unit_dim = 1 if kind is Kind.convolution and z.dim() > 2 else -1
    return Record(
        module=module,
        name=name,
        kind=kind,
        units=z.shape[unit_dim] if z.dim() else 1,
        unit_dim=unit_dim,
        examples=_examples(module, z, output),
        node=z.grad_fn,
        states=tuple(each.grad_fn for each in last_states(module, output) if each.grad_fn),
        entry=None if inputs is None else inputs.grad_fn,
    )


def _examples(module: nn.Module, z: Tensor, output: Any) -> int:
    """How many examples the output z is of; a packed sequence has one row a time step of each."""
    if isinstance(module, nn.RNNBase) and isinstance(output[0], PackedSequence):
        return int(output[0].batch_sizes[0])
    batch = 1 if isinstance(module, nn.RNNBase) and not module.batch_first and z.dim() == 3 else 0
    return z.shape[batch] if z.dim() > 1 else 1


def last_states(module: nn.Module, output: Any) -> tuple[Tensor, ...]:
    """Return a recurrent layer's last states, h or h and c; nothing of any other module."""
    if not isinstance(module, nn.RNNBase):
        return ()
    states = output[1]
    return states if isinstance(states, tuple) else (states,)


def read_output(record: Record, z: Tensor) -> None:
    """Read the size of z, and how alike it is for all examples."""
    energy = statistics.square(z)
    record.put("rms", energy / max(z.numel(), 1))
    record.put("sameness", statistics.sameness(z, energy))


def read_weight(record: Record, weight: Tensor) -> None:
    """Read the weight that made the output: its size, its rows' likeness, the biases."""
    if isinstance(record.module, TRANSPOSED):
        weight = weight.transpose(0, 1)
    record.weight_rows = record.units
    record.fan_in = weight.numel() // record.units  # by groups
    record.put("weight", statistics.square(weight))
    record.put("symmetry", statistics.symmetry(weight))
    bias = getattr(record.module, "bias", None)
    if isinstance(bias, Tensor):
        record.put("bias", statistics.mean_square(bias.detach()))


def trained_weights(module: nn.Module) -> dict[str, nn.Parameter]:
    """A site's own weights that are trained, biases aside; a block has none of its own."""
    if kind_of(module) is None:
        return {}
    named = module.named_parameters()
    return {name: p for name, p in named if "bias" not in name and p.requires_grad}
