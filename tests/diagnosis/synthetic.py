"""Looks with known totals, for tests of verdicts and of the page."""

from dataclasses import replace

from depthgauge.diagnosis.readings import Kind, Look, Parts, Site

STEPS = (0, 1, 2, 4, 8, 16, 32, 64, 100)


def chain(per_layer=0.0, hidden=6, activation="tanh", parts=None, **facts):
    """Dense sites input side first: the signal changes by `per_layer` decades toward the input."""
    known = {"update_ratio": 1e-3, "sameness": 0.5, "symmetry": 0.1, "saturated": 0.1}
    known |= {"dead": 0.0, "dead_examples": 5000, "rms": 1.0} | facts
    return tuple(
        Site(
            f"layer{hidden - depth}",
            Kind.linear,
            depth,
            f"layer{hidden - depth}",
            units=64,
            output=depth == 0,
            signal=per_layer * depth - 1,
            activation=activation if depth else None,
            parts=parts if depth else None,
            **known,
        )
        for depth in range(hidden, -1, -1)
    )


def looks(make, steps=STEPS, loss=lambda step: 2 / (1 + step)):
    """A look a step with the sites `make(number)`; the loss falls unless said otherwise."""
    return [
        Look(step, loss(step), 64, make(number), input_sameness=0.5)
        for number, step in enumerate(steps)
    ]


def changed(sites, number, **facts):
    """The sites with other facts at one of them."""
    return tuple(replace(s, **facts) if k == number else s for k, s in enumerate(sites))


SLOPES = Parts(weights=0.0, slopes=-0.7, alignment=0.02)
WEIGHTS = Parts(weights=-0.5, slopes=-0.02, alignment=0.02)
