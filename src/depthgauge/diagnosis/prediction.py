"""Theory's signal at every layer before any data: mean field, from the weights' variances alone.

Between a layer and the next one toward the loss, the signal changes by
1/2 log10(n_in E w^2) of the next layer's weights plus 1/2 log10 E f'(z)^2, z ~ N(0, q).
Source: Schoenholz et al., ICLR 2017; `depthgauge.theory.mean_field`. Alignment counts as zero.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from depthgauge.diagnosis.readings import Kind, Look, Site
from depthgauge.theory import ACTIVATIONS, gradient_map, length_map

_ALIASES = {"identity": "linear", "logistic": "sigmoid"}


def is_initial(look: Look) -> bool:
    """Whether a look shows the initial weights, the ones that theory is about, or nearly so."""
    return look.step <= 1


def predict_signals(sites: Sequence[Site], input_square: float = 1.0) -> dict[str, float] | None:
    """Return each site's signal in decades relative to the output's, by name; the output has 0.

    For inputs with a mean square of `input_square`: 1 for standardized ones. None where theory
    does not apply: anything but one chain of dense or convolutional layers with a known
    activation between each two.
    """
    chain = _chain(sites)
    if chain is None:
        return None
    signals, signal = {chain[-1].name: 0.0}, 0.0
    edges = zip(_lengths(chain, input_square), pairwise(chain), strict=True)
    for length, (here, after) in reversed(list(edges)):
        chi = float(gradient_map(length, _activation(here) or "", _spread(after)))
        signal += 0.5 * math.log10(chi) if chi > 0 else -math.inf
        signals[here.name] = signal
    return signals


def predicted_sites(sites: Sequence[Site], input_square: float = 1.0) -> tuple[Site, ...] | None:
    """Return the sites with theory's signal in the place of the measured one, or None."""
    signals = predict_signals(sites, input_square)
    if signals is None:
        return None
    return tuple(replace(s, signal=signals[s.name]) for s in sites if s.name in signals)


def _lengths(chain: Sequence[Site], input_square: float) -> list[float]:
    """Return q of every layer but the output: the mean square of z, input side first."""
    lengths = [_spread(chain[0]) * input_square + (chain[0].bias_variance or 0.0)]
    for before, site in pairwise(chain[:-1]):
        activation, bias = _activation(before) or "", site.bias_variance or 0.0
        lengths.append(float(length_map(lengths[-1], activation, _spread(site), bias)))
    return lengths


def _chain(sites: Sequence[Site]) -> list[Site] | None:
    """Return the sites input side first if they form one chain that theory knows, else None."""
    chain = sorted((s for s in sites if not s.frozen), key=lambda s: -s.depth)
    if len(chain) < 2 or [s.depth for s in chain] != list(range(len(chain) - 1, -1, -1)):
        return None
    known = all(_is_known(s) for s in chain) and all(_activation(s) for s in chain[:-1])
    return chain if known else None


def _is_known(site: Site) -> bool:
    parts = site.parts
    plain = parts is None or (parts.normalization is None and parts.residual is None)
    facts = (site.fan_in, site.weight_variance)
    finite = all(v is not None and math.isfinite(v) for v in facts)
    return plain and finite and site.kind in (Kind.linear, Kind.convolution)


def _activation(site: Site) -> str | None:
    name = _ALIASES.get(site.activation or "", site.activation)
    return name if name in ACTIVATIONS else None


def _spread(site: Site) -> float:
    """Return n_in E w^2."""
    return (site.fan_in or 0) * (site.weight_variance or 0.0)
