"""Pictures as TensorBoard takes them: arrays whose dimensions a text such as `CHW` names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pluto.errors import UsageError
from pluto.media.arrays import as_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


def channels_last(data: Any, dataformats: str) -> NDArray[Any]:
    """Return an array with the dimensions (N,) H, W, C, or (N,) H, W where it has no channels.

    Raises:
        UsageError: `dataformats` does not name the dimensions of the array.

    Example:
        >>> import numpy as np
        >>> channels_last(np.zeros((3, 8, 16)), "CHW").shape
        (8, 16, 3)
    """
    import numpy as np

    array, names = as_array(data), dataformats.upper()
    known = len(set(names)) == len(names) and {"H", "W"} <= set(names) <= set("NHWC")
    if not known or len(names) != array.ndim:
        raise UsageError(
            f"dataformats={dataformats!r} does not name the dimensions of an array of shape"
            f" {array.shape}: give one letter for each, of N, H, W and C"
        )
    order = [names.index(name) for name in "NHWC" if name in names]
    moved = np.transpose(array, order)
    return moved[..., np.newaxis] if "N" in names and "C" not in names else moved


def boxes_of(boxes: Any, labels: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return boxes (N, 4) of left, top, right and bottom as `pluto.Image` takes them."""
    sides = ("minX", "minY", "maxX", "maxY")
    found = []
    for place, row in enumerate(as_array(boxes).reshape(-1, 4).tolist()):
        box: dict[str, Any] = {"position": dict(zip(sides, row, strict=True)), "class_id": 0}
        if labels is not None:
            box.update(class_id=list(legend(labels).values()).index(labels[place]))
            box["box_caption"] = labels[place]
        found.append(box)
    return found


def legend(labels: Sequence[str] | None) -> dict[int, str]:
    """Return a number for each label."""
    return dict(enumerate(dict.fromkeys(labels or ["box"])))
