"""`pluto._wandb_hook` of the earlier client: logging beside wandb, where a script asks for it.

No interpreter does so by itself: there is no `.pth` file.
"""

from __future__ import annotations

import importlib.util

from pluto.compat.wandb_patch import patch, unpatch


def install() -> None:
    """Have the runs of wandb logged here too; nothing, if wandb is not installed."""
    if importlib.util.find_spec("wandb") is not None:
        patch()


def uninstall() -> None:
    """Undo it."""
    unpatch()
