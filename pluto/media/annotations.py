"""Boxes and masks drawn over an image, in the form that dashboards read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluto.errors import MediaError, UsageError
from pluto.media.arrays import array_options, as_array, is_array, load
from pluto.media.content import FileContent, existing_file
from pluto.media.naming import file_name
from pluto.media.part import Part
from pluto.media.plain import plain, to_json
from pluto.media.staging import StagingArea

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Mask:
    """One layer of class ids over an image.

    Attributes:
        layer: the name of the layer.
        ids: HxW array of ids 0..255, or the path of a PNG with the id in its red channel.
        labels: id (as text) to the class's name; None labels every id but 0 with itself,
            because viewers draw only ids that have a label.
    """

    layer: str
    ids: Any
    labels: dict[str, str] | None

    def stage(self, area: StagingArea, index: int) -> tuple[Part, dict[str, Any]]:
        """Stage the mask; return its part and its entry in the annotations."""
        if isinstance(self.ids, str):
            part, labels = FileContent(self.ids).stage(area), self.labels or {}
        else:
            ids = _as_ids(self.ids, self.layer)
            part = Part(area.put_array(ids), "mask", ".png", array_options(ids))
            labels = self.labels if self.labels is not None else _labels_of(ids)
        part = part._replace(unique=f"{area.token}-{index}.mask", file_type="mask")
        name = file_name(part.stem, part.unique or "", part.extension)
        return part, {"fileName": name, "class_labels": labels}


@dataclass(frozen=True)
class Annotations:
    """What is drawn over an image: a finished text, or a document that masks complete."""

    text: str | None
    document: dict[str, Any]
    masks: tuple[Mask, ...]

    def stage(self, area: StagingArea) -> tuple[str | None, list[Part]]:
        """Stage the masks; return the JSON text for the image and the masks' parts."""
        if self.text is not None or not (self.document or self.masks):
            return self.text, []
        staged = [mask.stage(area, index) for index, mask in enumerate(self.masks, 1)]
        document = dict(self.document)
        if staged:
            entries = {
                mask.layer: entry for mask, (_, entry) in zip(self.masks, staged, strict=True)
            }
            document["masks"] = {**document.get("masks", {}), **entries}
        return to_json(document), [part for part, _ in staged]


def build(boxes: object, masks: object, annotations: object) -> Annotations:
    """Check and arrange what the user gave; see `pluto.Image` for the forms.

    Raises:
        UsageError: a layer has the wrong form.
    """
    box_layers, mask_layers = _layers("boxes", boxes), _layers("masks", masks)
    if isinstance(annotations, str) and not box_layers and not mask_layers:
        return Annotations(annotations, {}, ())
    document = _document(annotations)
    if box_layers:
        layers = {name: _box_layer(name, layer) for name, layer in box_layers}
        document["boxes"] = {**document.get("boxes", {}), **layers}
    return Annotations(None, document, tuple(_mask(name, layer) for name, layer in mask_layers))


def _document(annotations: object) -> dict[str, Any]:
    if annotations is None:
        return {}
    if isinstance(annotations, str):
        try:
            annotations = json.loads(annotations)
        except ValueError as error:
            raise UsageError(
                f"annotations= is not JSON, so boxes cannot join it: {error}"
            ) from error
    if not isinstance(annotations, Mapping):
        raise UsageError('annotations= takes JSON text or a dict such as {"boxes": …, "masks": …}')
    document: dict[str, Any] = plain(annotations)
    return document


def _layers(what: str, layers: object) -> list[tuple[str, Mapping[str, Any]]]:
    if layers is None:
        return []
    if not isinstance(layers, Mapping) or not all(isinstance(v, Mapping) for v in layers.values()):
        key = "box_data" if what == "boxes" else "mask_data"
        raise UsageError(f'{what}= takes {{"layer name": {{"{key}": …, "class_labels": {{…}}}}}}')
    return [(str(name), layer) for name, layer in layers.items()]


def _box_layer(name: str, layer: Mapping[str, Any]) -> dict[str, Any]:
    boxes = layer.get("box_data")
    if not isinstance(boxes, (list, tuple)):
        raise UsageError(f'boxes[{name!r}]["box_data"] takes a list of boxes')
    # Viewers take positions for fractions of the image unless the box says otherwise.
    pixels = [{"domain": "pixel", **box} if isinstance(box, Mapping) else box for box in boxes]
    entry: dict[str, Any] = plain({**layer, "box_data": pixels})
    entry["class_labels"] = _labels(layer.get("class_labels")) or {}
    return entry


def _mask(name: str, layer: Mapping[str, Any]) -> Mask:
    labels = _labels(layer.get("class_labels"))
    if layer.get("path") is not None:
        return Mask(name, existing_file(layer["path"], f"masks[{name!r}]"), labels)
    ids = layer.get("mask_data")
    if ids is not None and not is_array(ids):
        ids = as_array(ids)
    if ids is None or len(ids.shape) != 2:
        form = "nothing" if ids is None else f"shape {tuple(ids.shape)}"
        raise UsageError(f'masks[{name!r}] takes "mask_data" of shape (H, W) or "path", got {form}')
    return Mask(name, ids, labels)


def _labels(labels: object) -> dict[str, str] | None:
    if labels is None:
        return None
    if isinstance(labels, Mapping):
        return {str(key): str(label) for key, label in labels.items()}
    if isinstance(labels, (list, tuple)):
        return {str(index): str(label) for index, label in enumerate(labels)}
    raise UsageError('class_labels takes {1: "cat", …} or a list of names')


def _as_ids(data: object, layer: str) -> NDArray[np.uint8]:
    import numpy as np

    ids = as_array(data)
    if ids.size and (ids.min() < 0 or ids.max() > 255):
        raise MediaError(f"mask {layer!r} has class ids outside 0..255: a PNG channel has 8 bits")
    return ids.astype(np.uint8)


def _labels_of(ids: NDArray[np.uint8]) -> dict[str, str]:
    import numpy as np

    return {str(number): str(number) for number in np.unique(ids).tolist() if number}


def encode_mask(source: Path, part: Part, target: Path) -> str:
    """Write HxW class ids as an RGB PNG with the id in the red channel (protocol 5.5)."""
    import numpy as np
    from PIL import Image

    ids = load(source, part)
    pixels = np.zeros((*ids.shape, 3), np.uint8)
    pixels[..., 0] = ids
    Image.fromarray(pixels).save(target, format="PNG")
    return ".png"
