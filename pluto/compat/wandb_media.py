"""The media classes of wandb, with its arguments, as media of Pluto."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import pluto
from pluto.compat.wandb_errors import UnsupportedError
from pluto.media.arrays import as_array, is_array
from pluto.media.plain import plain

_ENTRIES: Final = ("points", "boxes", "vectors")


class Image(pluto.Image):
    """A picture, as `wandb.Image` takes it; see `pluto.Image` for what it is stored as.

    Args:
        data_or_path: path, array, tensor, Pillow image, figure, or another `Image`, whose picture
            and caption it has.
        mode: of Pillow; the picture is converted to it.
        caption: text shown with the picture.
        grouping: without effect.
        classes: `[{"id": 1, "name": "cat"}]`, for boxes and masks without labels of their own.
        boxes: `{layer: {"box_data": […], "class_labels": {…}}}`; positions are fractions of the
            picture unless a box says `"domain": "pixel"`.
        masks: `{layer: {"mask_data": …, "class_labels": {…}}}`.
        file_type: without effect: arrays are stored as PNG, files as they are.

    Attributes:
        given: what the picture is made of.
    """

    def __init__(  # noqa: PLR0917 - the order of wandb
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,  # noqa: ARG002
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,  # noqa: ARG002
        normalize: bool = True,  # noqa: ARG002
    ) -> None:
        if isinstance(data_or_path, Image):
            caption = data_or_path.caption if caption is None else caption
            data_or_path = data_or_path.given
        self.given: Any = data_or_path
        labels = _labels(classes)
        super().__init__(
            _converted(data_or_path, mode),
            caption=caption,
            boxes=_layers(boxes, labels, _placed),
            masks=_layers(masks, labels, dict),
        )


class Audio(pluto.Audio):
    """A sound, as `wandb.Audio` takes it; see `pluto.Audio`."""

    def __init__(
        self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
    ) -> None:
        is_file = isinstance(data_or_path, (str, os.PathLike))
        if sample_rate is None and not is_file:
            raise ValueError("Audio(samples) needs sample_rate=, the number of samples a second")
        super().__init__(data_or_path, sample_rate=sample_rate, caption=caption)


class Video(pluto.Video):
    """A moving picture, as `wandb.Video` takes it: frames are (time, channel, height, width)."""

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        format: str | None = None,  # noqa: A002 - the name of wandb
    ) -> None:
        super().__init__(data_or_path, caption=caption, fps=fps or 4, format=format)


class Html(pluto.Html):
    """An HTML document: a path that ends in `.html`, HTML text, or an open file.

    Args:
        data: the document.
        inject: without effect: nothing is added to the document.
        data_is_not_path: take `data` for HTML whatever it looks like.
    """

    def __init__(
        self,
        data: Any,
        inject: bool = True,  # noqa: ARG002
        data_is_not_path: bool = False,
    ) -> None:
        if data_is_not_path or not _is_html_file(data):
            super().__init__(data)
        else:
            super().__init__(path=data)


class Histogram(pluto.Histogram):
    """How often numbers occur, as `wandb.Histogram` takes it; see `pluto.Histogram`."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        super().__init__(sequence, num_bins, np_histogram=np_histogram)


class Plotly(pluto.Plotly):
    """A plotly figure, as `wandb.Plotly` takes it; for one of matplotlib use `Image`."""

    def __init__(self, val: Any) -> None:
        super().__init__(val)


class Object3D:
    """Points in space, or a file with a model of something.

    Args:
        data_or_path: an array (N, 3), (N, 4) or (N, 6); a path (`obj`, `glb`, `gltf`, `stl`, …) or
            an open file; or a scene `{"type": "lidar/beta", "points": …, "boxes": …}`, whose points
            are drawn and which is kept whole as JSON beside them.
        caption: text shown with it.
        file_type: extension of an open file without a name.
    """

    def __init__(
        self, data_or_path: Any, caption: str | None = None, file_type: str | None = None
    ) -> None:
        name = getattr(data_or_path, "name", None)
        is_open_file = hasattr(data_or_path, "read") and isinstance(name, str)
        self._data: Any = name if is_open_file else data_or_path
        self._caption = caption
        self._file_type = file_type
        self._made = self._make()

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Object3D:
        """Return the object in a file."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Object3D:
        """Return the points of an array."""
        return cls(data)

    @classmethod
    def from_point_cloud(
        cls,
        points: Iterable[Any],
        boxes: Iterable[Any],
        vectors: Iterable[Any] | None = None,
        point_cloud_type: str = "lidar/beta",
    ) -> Object3D:
        """Return a scene of points, boxes and arrows."""
        parts = {"points": list(points), "boxes": list(boxes), "vectors": list(vectors or [])}
        return cls({"type": point_cloud_type, **parts})

    def parts(self) -> dict[str, pluto.File]:
        """Return what is logged: `{"": the object, "/scene": what no drawing shows}`."""
        return self._made

    def _make(self) -> dict[str, pluto.File]:
        if isinstance(self._data, (str, os.PathLike)):
            return {"": pluto.File(self._data, caption=self._caption)}
        if hasattr(self._data, "read"):
            if self._file_type is None:
                raise ValueError("Object3D(open file) needs file_type=, such as 'obj'")
            content = self._data.read()
            encoded = content.encode() if isinstance(content, str) else bytes(content)
            return {"": _file_of(encoded, self._file_type, self._caption)}
        if isinstance(self._data, Mapping):
            return self._scene(self._data)
        return {"": pluto.PointCloud(self._data, caption=self._caption)}

    def _scene(self, scene: Mapping[str, Any]) -> dict[str, pluto.File]:
        lists = {name: plain(list(scene.get(name, []))) for name in _ENTRIES}
        whole = json.dumps({"type": scene.get("type"), **lists}).encode()
        found = {"/scene": _file_of(whole, "pts.json", self._caption)}
        if not lists["points"]:
            return found
        return {"": pluto.PointCloud(lists["points"], caption=self._caption), **found}


class Molecule:
    """Refused: Pluto draws no molecules."""

    def __init__(self, data_or_path: Any, caption: str | None = None, **_kwargs: Any) -> None:
        raise UnsupportedError(
            f"Pluto draws no molecules: log pluto.File({data_or_path!r}, caption={caption!r}),"
            " which keeps the file"
        )

    @classmethod
    def from_rdkit(cls, *_args: Any, **_kwargs: Any) -> Molecule:
        """Refuse."""
        return cls("molecule.pdb")

    @classmethod
    def from_smiles(cls, *_args: Any, **_kwargs: Any) -> Molecule:
        """Refuse."""
        return cls("molecule.pdb")


class Classes:
    """The names of classes for boxes and masks: `[{"id": 1, "name": "cat"}]`."""

    def __init__(self, class_set: Iterable[Mapping[str, Any]]) -> None:
        self.class_set = list(class_set)


def _labels(classes: Any) -> dict[int, str]:
    found = classes.class_set if isinstance(classes, Classes) else classes or []
    return {int(entry["id"]): str(entry["name"]) for entry in found}


def _layers(
    layers: Mapping[str, Any] | None,
    labels: Mapping[int, str],
    shape: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> dict[str, Any] | None:
    """Return the layers in Pluto's form, with `labels` where they have none."""
    if layers is None:
        return None
    named = {"class_labels": dict(labels)} if labels else {}
    return {name: {**named, **shape(layer)} for name, layer in layers.items()}


def _placed(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Say of each box that its numbers are fractions, which is what wandb takes them for."""
    boxes: Sequence[Any] = layer["box_data"]
    return {**layer, "box_data": [{"domain": "fraction", **_cornered(box)} for box in boxes]}


def _cornered(box: Mapping[str, Any]) -> dict[str, Any]:
    """Return a box given by its middle, width and height as one given by its corners."""
    place = box.get("position", {})
    if "middle" not in place:
        return dict(box)
    (x, y), half_width, half_height = place["middle"], place["width"] / 2, place["height"] / 2
    corners = {
        "minX": x - half_width,
        "maxX": x + half_width,
        "minY": y - half_height,
        "maxY": y + half_height,
    }
    return {**box, "position": corners}


def _converted(data: Any, mode: str | None) -> Any:
    """Return the picture in a mode of Pillow; other data than pictures and arrays as they are."""
    if mode is None:
        return data
    from PIL import Image as pillow  # noqa: N813 - a module, beside our class Image

    if isinstance(data, (str, os.PathLike)):
        with pillow.open(data) as opened:
            return opened.convert(mode)
    if hasattr(data, "convert"):
        return data.convert(mode)
    if is_array(data) and as_array(data).dtype.name == "uint8":
        return pillow.fromarray(as_array(data)).convert(mode)
    return data


def _is_html_file(data: Any) -> bool:
    if not isinstance(data, (str, os.PathLike)):
        return False
    return os.path.splitext(data)[1] == ".html" and os.path.isfile(data)


def _file_of(content: bytes, extension: str, caption: str | None) -> pluto.File:
    return pluto.Artifact(content, caption, name=f"object.{extension}")
