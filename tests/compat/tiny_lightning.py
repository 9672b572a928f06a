"""A tiny Lightning training, for both names of the package."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
lightning = pytest.importorskip(
    "lightning.pytorch", reason="Lightning is not installed: pip install lightning"
)
Module: Any = lightning.LightningModule


class Steps:
    """The steps of a model of one layer; step `fail_at` of the training raises a ValueError."""

    def __init__(self, rate: float = 0.1, fail_at: int | None = None) -> None:
        super().__init__()
        me: Any = self
        me.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self: Any, batch: Any, index: int) -> Any:
        if self.global_step == self.hparams["fail_at"]:
            raise ValueError("the loss is no number")
        loss = self.layer(batch[0]).square().mean()
        self.log("train/loss", loss)
        return loss

    def validation_step(self: Any, batch: Any, index: int) -> None:
        self.log("val/loss", self.layer(batch[0]).square().mean(), sync_dist=True)

    def test_step(self: Any, batch: Any, index: int) -> None:
        self.log("test/loss", self.layer(batch[0]).square().mean())

    def configure_optimizers(self: Any) -> Any:
        return torch.optim.SGD(self.parameters(), self.hparams["rate"])


class Tiny(Steps, Module):
    """The model for `lightning`; processes can send it to each other."""


def tiny(package: Any, **keywords: Any) -> Any:
    """A model of `package`, the same one each time."""
    torch.manual_seed(0)
    if package is lightning:
        return Tiny(**keywords)
    return type("Tiny", (Steps, package.LightningModule), {})(**keywords)


def batches() -> Any:
    """Five batches of noise."""
    values = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    dataset = torch.utils.data.TensorDataset(values)
    return torch.utils.data.DataLoader(dataset, batch_size=8)


def trainer(package: Any, **keywords: Any) -> Any:
    """A trainer on one CPU that logs each step and prints nothing."""
    return package.Trainer(
        **{
            "accelerator": "cpu",
            "devices": 1,
            "max_epochs": 2,
            "log_every_n_steps": 1,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            **keywords,
        }
    )
