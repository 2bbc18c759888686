"""Instruments that look at the same images each time."""

from depthgauge.config import Bounds, Look
from depthgauge.training.instruments import Instrument
from depthgauge.training.module import Examples
from depthgauge.training.schedule import probe_steps


class OnFixedImages(Instrument):
    """Looks at the first images of the training split, or of other examples.

    `x` (replica, image, feature) and `y` (image, class) are the images, `passed` a pass over them.
    """

    def __init__(
        self, settings: Look | Bounds, steps: int, examples: Examples | None = None
    ) -> None:
        """Look as `settings` say over a run of `steps` steps; without `examples`, at training's."""
        super().__init__(probe_steps(settings.every, settings.spacing, steps))
        self.settings, self.examples = settings, examples

    def prepare(self) -> None:
        """Scale the images once."""
        examples, like = self.examples or self.module.examples, self.module.network.weights[0]
        x, self.y = examples.take(slice(self.settings.images), like)
        self.x = x.expand(self.module.replicas, -1, -1)
        self.passed = self.module.new_pass(len(x))
