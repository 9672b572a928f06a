"""`wandb.box3d`: a turned box of a point cloud by its corners."""

from __future__ import annotations

from itertools import product
from typing import Any


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """Return a box as `Object3D.from_point_cloud(boxes=)` takes it.

    A vector v is turned by the unit quaternion q as q v q*; see any text on spatial rotation.

    Args:
        center: x, y, z of its middle.
        size: its extent along x, y, z before it is turned.
        orientation: how it is turned: the quaternion r + xi + yj + zk as r, x, y, z, not all zero.
        color: red, green, blue, from 0 to 1.
        label: a text.
        score: how sure it is.

    Raises:
        ValueError: something has another length, or the quaternion is zero.

    Example:
        >>> box = box3d(center=(0, 0, 0), size=(2, 2, 2), orientation=(1, 0, 0, 0), color=(1, 0, 0))
        >>> box["corners"][0]
        (-1.0, -1.0, -1.0)
    """
    import numpy as np

    given = {"center": (center, 3), "size": (size, 3), "orientation": (orientation, 4)}
    read = {name: np.asarray(value, float) for name, (value, _) in given.items()}
    for name, (_, length) in given.items():
        if read[name].shape != (length,):
            raise ValueError(f"box3d({name}=) takes {length} numbers, got {read[name].shape}")
    norm = np.linalg.norm(read["orientation"])
    if norm == 0:
        raise ValueError("box3d(orientation=) is a quaternion other than zero")
    r, x, y, z = read["orientation"] / norm
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - r * z), 2 * (x * z + r * y)],
            [2 * (x * y + r * z), 1 - 2 * (x * x + z * z), 2 * (y * z - r * x)],
            [2 * (x * z - r * y), 2 * (y * z + r * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    signs = np.array(list(product((-0.5, 0.5), repeat=3)))
    corners = (signs * read["size"]) @ rotation.T + read["center"]
    return {
        "corners": tuple(tuple(corner) for corner in corners.tolist()),
        "color": tuple(color),
        "label": label,
        "score": score,
    }
