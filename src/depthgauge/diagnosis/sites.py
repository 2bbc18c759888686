"""Which outputs of a network are looked at: modules with weights, and repeated blocks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from torch import nn

from depthgauge.diagnosis.readings import Kind

KINDS: tuple[tuple[type[nn.Module] | tuple[type[nn.Module], ...], Kind], ...] = (
    (nn.MultiheadAttention, Kind.attention),
    ((nn.RNNBase, nn.RNNCellBase), Kind.recurrent),
    (nn.Linear, Kind.linear),
    (
        (
            nn.Conv1d,
            nn.Conv2d,
            nn.Conv3d,
            nn.ConvTranspose1d,
            nn.ConvTranspose2d,
            nn.ConvTranspose3d,
        ),
        Kind.convolution,
    ),
    ((nn.Embedding, nn.EmbeddingBag), Kind.embedding),
)
"""Modules whose output is a site; what they hold inside is not looked at again."""


def find_sites(net: nn.Module) -> dict[nn.Module, tuple[str, Kind]]:
    """Return each module that is a site with its name and kind, in the order of `named_modules`."""
    return dict(_walk(net, ""))


def _walk(module: nn.Module, name: str) -> Iterator[tuple[nn.Module, tuple[str, Kind]]]:
    kind = kind_of(module)
    if kind is not None:
        yield module, (_plain(name) or type(module).__name__.lower(), kind)
        return
    repeated = _repeated(module)
    for key, child in module.named_children():
        path = f"{name}.{key}" if name else key
        inside = list(_walk(child, path))
        if child in repeated and inside and kind_of(child) is None:
            yield child, (_plain(path), Kind.block)
        yield from inside


def kind_of(module: nn.Module) -> Kind | None:
    """Return the kind of a module with weights; None for any other, blocks among them."""
    return next((kind for classes, kind in KINDS if isinstance(module, classes)), None)


def _plain(name: str) -> str:
    """Without what torch.compile and Lightning's Fabric put into names."""
    return ".".join(n for n in name.split(".") if n not in {"_orig_mod", "_forward_module"})


def _repeated(module: nn.Module) -> set[nn.Module]:
    """The children of a container that occur at least twice with the same class."""
    if not isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict):
        return set()
    children = list(module.children())
    count = Counter(type(each) for each in children)
    return {each for each in children if count[type(each)] > 1}


def roles(names: Sequence[str], kinds: Sequence[Kind]) -> list[str]:
    """Return each site's role: its name with "*" for the number, where several sites share it.

    "layers.0.attention" and "layers.1.attention" are both "layers.*.attention"; "fc1" and "fc2" are
    both "fc*", but "layers.0.linear1" and "layers.0.linear2" differ. Sites of different kinds never
    share a role.
    """
    patterns = [_pattern(name, kind) for name, kind in zip(names, kinds, strict=True)]
    count = Counter(zip(patterns, kinds, strict=True))
    kinds_of = Counter(pattern for pattern, _ in count)
    return [
        name
        if count[pattern, kind] == 1
        else pattern
        if kinds_of[pattern] == 1
        else f"{pattern} ({kind})"
        for name, pattern, kind in zip(names, patterns, kinds, strict=True)
    ]


def _pattern(name: str, kind: Kind) -> str:
    """The name with its numbers as "*"; of a place inside a numbered block, the block's alone."""
    *outer, last = re.sub(r" \(call \d+\)$", "", name).split(".")
    starred = [re.sub(r"\d+$", "*", each) for each in outer]
    if starred == outer or kind is Kind.block:
        last = re.sub(r"\d+$", "*", last)
    return ".".join([*starred, last])
