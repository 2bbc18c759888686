"""depthgauge: how the learning signal survives depth, reproduced, explored, judged.

`GradientFlow`, `watch` and `diagnose` examine the user's network. They are imported when first
used: `import depthgauge` loads neither PyTorch nor Lightning, and `watch` never loads Lightning.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from depthgauge.diagnosis.callback import GradientFlow
    from depthgauge.diagnosis.factory import diagnose
    from depthgauge.diagnosis.watch import watch

__version__ = "0.2.0"

__all__ = ["GradientFlow", "__version__", "diagnose", "watch"]

_PLACES = {
    "GradientFlow": "depthgauge.diagnosis.callback",
    "diagnose": "depthgauge.diagnosis.factory",
    "watch": "depthgauge.diagnosis.watch",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'depthgauge' has no attribute {name!r}")
    try:
        return getattr(import_module(_PLACES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise ImportError(
            f"{name} needs PyTorch Lightning (pytorch-lightning or lightning), which the extra"
            " `lightning` brings: `pip install 'depthgauge[lightning]'`"
        ) from None


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return __all__
