"""What happens to a user's own LightningModule under an instrument of the studies."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from depthgauge.config import Gradients
from depthgauge.errors import ConfigError
from depthgauge.training.instruments import GradientNorms


class Own(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_gradient_norms_refer_to_gradient_flow(tmp_path):
    """One sentence names the module and the callback that is made for it."""
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        max_steps=1,
        accelerator="cpu",
        default_root_dir=tmp_path,
        enable_model_summary=False,
        callbacks=[GradientNorms(Gradients(), steps=1)],
        **quiet,
    )
    with pytest.raises(ConfigError, match=r"^GradientNorms .* not Own: .*GradientFlow"):
        trainer.fit(Own(), DataLoader(torch.ones(4, 3)))
