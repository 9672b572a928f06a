"""Points and vectors as TensorBoard takes them: meshes by their vertices, embeddings as TSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluto
from pluto.errors import UsageError
from pluto.media.arrays import as_array


def clouds(vertices: Any, colors: Any = None) -> list[pluto.PointCloud]:
    """Return the vertices of each mesh of a batch as points.

    Args:
        vertices: numbers of shape (batch, N, 3), or (N, 3).
        colors: of the same shape, from 0 to 255; None for none.

    Raises:
        UsageError: they have another shape.
    """
    import numpy as np

    points = as_array(vertices)
    shape = points.shape if points.ndim == 3 else (1, *points.shape)
    if len(shape) != 3 or shape[2] != 3:
        raise UsageError(f"add_mesh() takes vertices of (batch, N, 3), got {points.shape}")
    points = points.reshape(shape)
    if colors is not None:
        painted = as_array(colors)
        if painted.size != points.size:
            raise UsageError(f"add_mesh() has vertices of {shape} and colors of {painted.shape}")
        points = np.concatenate([points, painted.reshape(shape)], axis=2)
    return [pluto.PointCloud(each) for each in points]


def embedding_files(
    vectors: Any, metadata: Sequence[Any] | None, header: Sequence[str] | None
) -> dict[str, pluto.Artifact]:
    """Return vectors and what is said of them as the files that TensorBoard's projector reads.

    The format is that of https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin: a
    line for each vector, its parts between tabs, and a head only where there are several columns.

    Args:
        vectors: numbers of shape (N, D).
        metadata: N texts, or with a header N lists of them.
        header: the names of the columns.

    Returns:
        `tensors`, and `metadata` if there is any.

    Raises:
        UsageError: the numbers have another shape, or there are more or fewer texts than vectors.
    """
    array = as_array(vectors)
    if array.ndim != 2:
        raise UsageError(f"add_embedding() takes vectors of (N, D), got {array.shape}")
    found = {"tensors": array.tolist()}
    if metadata is not None:
        if len(metadata) != len(array):
            raise UsageError(f"add_embedding() has {len(array)} vectors, {len(metadata)} metadata")
        found["metadata"] = [*([header] if header else []), *metadata]
        if not header:
            found["metadata"] = [[each] for each in metadata]
    return {name: pluto.Artifact(_tsv(rows), name=f"{name}.tsv") for name, rows in found.items()}


def _tsv(rows: Sequence[Sequence[Any]]) -> bytes:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()
