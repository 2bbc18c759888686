"""Ten claims of all kinds computed from the records by a program that knows nothing of ours.

Written from the specification's text alone, in numpy: how a record is read, quantiles, intervals,
verdicts. It runs where the records are that results/claims.json was judged on, as after `make
repro`; `python tests/claims/test_independent_check.py` prints the table.
"""

import hashlib
import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

ROOT = Path(__file__).parents[2]


def cell(study, **wanted):
    """The arrays of the record whose config has these values, as float64."""
    for path in sorted((ROOT / "build" / study).glob("*.safetensors")):
        with safe_open(path, "numpy") as file:
            attrs = json.loads(file.metadata()["depthgauge"])["attrs"]
            known = {**attrs["config"], **attrs["axes"], "dataset": attrs["data"]["name"]}
            if all(known.get(key) == value for key, value in wanted.items()):
                return {name: file.get_tensor(name).astype(float) for name in file.keys()}  # noqa: SIM118
    raise LookupError(f"{study} has no cell with {wanted}")


@cache
def f_limit(d1, d2):
    """95 % quantile of F(d1, d2), from the beta density by summing (x = u^2 has no pole at 0)."""
    u = (np.arange(2_000_000) + 0.5) / 2_000_000
    weight = np.exp((d1 - 1) * np.log(u) + (d2 / 2 - 1) * np.log1p(-u * u))
    x = u[np.searchsorted(np.cumsum(weight) / weight.sum(), 0.95)] ** 2
    return x / (1 - x) * d2 / d1


def t_ends(x, more=0):
    """95 % t interval of the mean, or with more=1 of one more run."""
    half = math.sqrt(f_limit(1, len(x) - 1) * (more + 1 / len(x))) * x.std(ddof=1)
    return x.mean(), x.mean() - half, x.mean() + half


def region(found, low, high):
    _, bottom, top = found
    if low < bottom and top < high:
        return "holds"
    return "fails" if top < low or bottom > high else "inconclusive"


def welch(one, two):
    parts = [each.var(ddof=1) / len(each) for each in (one, two)]
    pairs = zip(parts, (one, two), strict=True)
    degrees = sum(parts) ** 2 / sum(part**2 / (len(each) - 1) for part, each in pairs)
    half, mean = math.sqrt(f_limit(1, degrees) * sum(parts)), one.mean() - two.mean()
    found = mean, mean - half, mean + half
    return region(found, 0, math.inf), found


def factor(ratios, low, high):
    found = tuple(map(math.exp, t_ends(np.log(ratios))))
    return region(found, low, high), found


def final_accuracy(hidden):
    return 100 * cell("nielsen_accuracy", hidden=hidden)["accuracy_validation"][:, -1]


def accuracy_of_two_layers():
    odds = np.log(final_accuracy([30, 30]) / (100 - final_accuracy([30, 30])))
    found = tuple(100 / (1 + math.exp(-end)) for end in t_ends(odds, more=1))
    return "holds" if found[1] <= 96.90 <= found[2] else "fails", found


def four_initial_speeds():
    """Hotelling's T^2 of the published net against 400 of ours; logarithms."""
    logs = np.log(cell("nielsen_initial_speed", hidden=[30] * 4)["bias_gradient_norm"][:, 0, :4])
    n, p = logs.shape
    gap = np.log([0.00298, 0.0171, 0.0695, 0.2851]) - logs.mean(axis=0)
    centred = logs - logs.mean(axis=0)
    covariance = centred.T @ centred / (n - 1)
    distance = gap @ np.linalg.inv(covariance) @ gap / (1 + 1 / n)
    limit = p * (n - 1) / (n - p) * f_limit(p, n - p)
    return "holds" if distance <= limit else "fails", (distance, 0, limit)


def every_layer_slower():
    speeds = cell("nielsen_initial_speed", hidden=[30] * 4)["bias_gradient_norm"][:, 0, :4]
    n, share, z2 = len(speeds), (np.diff(speeds, axis=1) > 0).all(axis=1).mean(), f_limit(1, 1e7)
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * share * (1 - share) / n + (z2 / (2 * n)) ** 2) / (1 + z2 / n)
    found = share, centre - half, min(1, centre + half)
    return region(found, 0.9 if n >= 100 else 0.7, math.inf), found


def initial(model):
    return cell("glorot_init", dataset="shapeset", model=model, hidden=[1000] * 5)


def singular_value():
    found = t_ends(initial("tanh_n")["jacobian_singular_value"][:, 0, 1:-1].mean(axis=1))
    return region(found, 0.85 * 0.8, 1.15 * 0.8), found


def deltas_alike():
    def unlike(model):
        spreads = initial(model)["delta_std"][:, 0, :5]
        return spreads.max(axis=1) / spreads.min(axis=1)

    return factor(unlike("tanh") / unlike("tanh_n"), 2, math.inf)


def constant(values, published, half):
    found = values.mean(), values.min(), values.max()
    return "holds" if (abs(values - published) <= half).all() else "fails", found


def exploding_chain():
    gradients = abs(cell("nielsen_chain", hidden=[1] * 9)["exploding_bias_gradient"])
    return constant((gradients[:, 0] / gradients[:, -1]) ** (1 / 9), 25, 1e-9)


def widest_inputs():
    return constant(cell("nielsen_chain", hidden=[1] * 3)["steep_width"].max(axis=1), 0.45, 0.005)


def gradient_against_bound():
    """The bound from the record's own, the gradient as its part of it; layers 1 to 4, before."""
    record = cell("bounds", cost="cross_entropy", hidden=[30] * 4)
    bound = record["bound"][:, 0, :4]
    gradient = bound * record["bound_tightness"][:, 0, :4]
    falls = [(each[:, -1] / each[:, 0]) ** (1 / 3) for each in (gradient, bound)]
    return factor(falls[0] / falls[1] / 2.36, 0.9, 1.1)


CHECKS = {
    "nielsen.accuracy.h2": accuracy_of_two_layers,
    "nielsen.initial_speed.h4": four_initial_speeds,
    "glorot.init.shapeset.singular_value.tanh_n": singular_value,
    "nielsen.depth.two_above_one": lambda: welch(final_accuracy([30, 30]), final_accuracy([30])),
    "nielsen.initial_speed.h4.slower": every_layer_slower,
    "glorot.init.shapeset.delta_alike": deltas_alike,
    "theory.chain.explodes.10": exploding_chain,
    "theory.chain.widest": widest_inputs,
    "nielsen.depth.four_below_one": lambda: welch(final_accuracy([30]), final_accuracy([30] * 4)),
    "milman.explains_slope": gradient_against_bound,
}


@cache
def judged():
    """The verdicts of results/claims.json, of studies whose records are those it was judged on."""
    origins = json.loads((ROOT / "results/origins.json").read_text(encoding="utf-8"))
    found = {}
    for verdict in json.loads((ROOT / "results/claims.json").read_text(encoding="utf-8")):
        files = sorted((ROOT / "build" / verdict["study"]).glob("*.safetensors"))
        sums = "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
        digest = hashlib.sha256(sums.encode()).hexdigest()[:32]
        if verdict["id"] in CHECKS and digest == origins.get(verdict["study"], {}).get("records"):
            found[verdict["id"]] = verdict
    return found


@pytest.mark.parametrize("id", CHECKS)
def test_an_independent_program_finds_the_same(id):
    """Estimate and interval to the four digits that are stored, and the verdict."""
    stored = judged().get(id)
    if stored is None:
        pytest.skip("the records that results/claims.json was judged on are not in build/")
    verdict, found = CHECKS[id]()
    assert found == pytest.approx((stored["measured"], *stored["interval"]), rel=1e-3, abs=1e-4)
    assert verdict == stored["verdict"]


if __name__ == "__main__":
    for id, stored in judged().items():
        verdict, found = CHECKS[id]()
        ends = [f"{value:.4g}" for value in found]
        print(id, *ends, verdict, "|", stored["measured"], *stored["interval"], stored["verdict"])
