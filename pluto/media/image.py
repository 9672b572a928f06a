"""Image: pictures from files, bytes, arrays, tensors, Pillow images and figures."""

from __future__ import annotations

import mimetypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pluto.errors import UsageError
from pluto.media import annotations as drawn
from pluto.media.arrays import (
    as_array,
    channels_first,
    finite_range,
    is_array,
    is_tensor,
    load,
    shape_of,
    tile,
    to_pixels,
    tone_of,
)
from pluto.media.base import File, alias, content_of_file_or_bytes
from pluto.media.content import ArrayContent, Content
from pluto.media.figure import figure_content
from pluto.media.notice import notices
from pluto.media.part import Part
from pluto.media.staging import StagingArea

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

_USAGE = "pluto.Image(path, bytes, array, tensor, PIL image or figure)"

# Modes whose raw pixels Pillow turns into a PNG without a loss; "1" becomes a 1-bit PNG.
_PNG_MODES = frozenset({"1", "L", "LA", "RGB", "RGBA", "I;16"})

# On photographs two to three times as fast as the default of 6, for 3 to 11 % more bytes.
_PNG_COMPRESSION = 3


class Image(File):
    """A picture.

    Args:
        data: one of
            * a path of an image file, or the bytes of one: stored as they are;
            * an array or tensor of shape HxW, HxWxC or CxHxW with C = 1 (gray), 2 (gray, alpha),
              3 (RGB) or 4 (RGBA), or a batch with one dimension before, shown as a grid. Where
              both ends could be channels, tensors are read as CxHxW and arrays as HxWxC.
              `uint8` is stored as it is and `bool` as black and white. Other types: with
              negative numbers, or integers above 255, the range is stretched from black to
              white; floats below 2 and integers 0 and 1 are fractions of white; the rest is
              on a scale to 255. NaN is black;
            * a Pillow image, opened ones too;
            * a matplotlib figure, axes or the module `pyplot` (its current figure), or anything
              with `savefig`; a plotly figure if kaleido is installed. These are rendered by
              `log()` itself, because a figure may change afterwards.
        caption: free text shown with the image.
        boxes: `{layer: {"box_data": [{"position": {"minX", "minY", "maxX", "maxY"}, "class_id",
            "box_caption", "scores"}], "class_labels": {1: "cat"}}}`, positions in pixels unless
            a box says `"domain": "fraction"`.
        masks: `{layer: {"mask_data": HxW array of class ids 0..255, "class_labels": {…}}}`, or
            `"path"` of a PNG with the ids in its red channel.
        annotations: JSON text, stored verbatim unless there are boxes or masks, or a dict.
        path: another way to give a path.
        name: readable beginning of the uploaded file's name.

    Raises:
        UsageError: the shape is none of the above, or the data are not an image.
        FileNotFoundError: there is no file at the path.

    Example:
        >>> import numpy as np
        >>> image = Image(np.zeros((32, 32), np.uint8), caption="a black square")
    """

    type_name: ClassVar[str] = "IMAGE"

    def __init__(
        self,
        data: Any = None,
        caption: str | None = None,
        boxes: object = None,
        masks: object = None,
        annotations: object = None,
        *,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        content = _content(alias(data, path, _USAGE))
        self._annotations = drawn.build(boxes, masks, annotations)
        self._adopt(content, caption=caption, name=name, unknown=unknown)

    def _parts(self, area: StagingArea) -> list[Part]:
        """Stage the image and, after it, its masks."""
        [image] = super()._parts(area)
        text, masks = self._annotations.stage(area)
        return [image._replace(annotations=text), *masks]


def _content(data: Any) -> Content:
    content = content_of_file_or_bytes(data, "Image", ".png")
    if content is not None:
        _warn_if_not_an_image(data)
        return content
    if _is_pillow(data):
        return PillowContent(data)
    figure = figure_content(data)
    if figure is not None:
        return figure
    array = data if is_array(data) else as_array(data)
    options = {"layout": image_layout(shape_of(array), prefer_first=is_tensor(data))}
    return ArrayContent(array, "image", ".png", options)


def _warn_if_not_an_image(data: object) -> None:
    if isinstance(data, (str, os.PathLike)):
        kind = mimetypes.guess_type(os.fspath(data))[0]
        if kind is not None and not kind.startswith("image/"):
            message = "Image(%r) is a file of type %s, not an image; pluto.File takes any file"
            notices.warn("not an image", message, os.fspath(data), kind)


def image_layout(shape: Sequence[int], *, prefer_first: bool) -> str:
    """Name the dimensions of an image array: HW, HWC, CHW, NHWC or NCHW.

    Raises:
        UsageError: the shape is not that of an image.
    """
    if 2 <= len(shape) <= 4 and all(shape):
        if len(shape) == 2:
            return "HW"
        first = channels_first(shape[-3:], prefer_first=prefer_first)
        if first is not None:
            return ("N" if len(shape) == 4 else "") + ("CHW" if first else "HWC")
    raise UsageError(
        f"Image: an array of shape {tuple(shape)} is not an image; give HxW, HxWxC or CxHxW with"
        " 1 to 4 channels, or a batch NxHxWxC or NxCxHxW"
    )


def as_channels_last(array: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return the array with dimensions …H,W,C."""
    import numpy as np

    if layout.endswith("HW") and "C" not in layout:
        return array[..., np.newaxis]
    return np.moveaxis(array, -3, -1) if layout.endswith("CHW") else array


def encode_array(source: Path, part: Part, target: Path) -> str:
    """Write a staged array as a PNG."""
    import numpy as np
    from PIL import Image as pillow  # noqa: N813 -- a module, beside our class Image

    array = load(source, part)
    pixels = to_pixels(array, tone_of(array.dtype, *finite_range(array)))
    pixels = as_channels_last(pixels, part.options["layout"])
    if pixels.ndim == 4:
        pixels = tile(pixels)
    pixels = np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    pillow.fromarray(pixels).save(target, format="PNG", compress_level=_PNG_COMPRESSION)
    return ".png"


@dataclass(frozen=True)
class PillowContent:
    """A Pillow image, staged as its raw pixels."""

    image: Any
    stem: str = ""

    def stage(self, area: StagingArea) -> Part:
        """Decode the image if it was only opened, and write its pixels out."""
        image = _png_mode(self.image)
        if image.mode in {"I", "F"}:  # 32 bits a pixel: shown by the rules for arrays
            return ArrayContent(image, "image", ".png", {"layout": "HW"}).stage(area)
        options = {"mode": image.mode, "size": list(image.size)}
        return Part(area.put_bytes(image.tobytes()), "pixels", ".png", options)


def _is_pillow(data: object) -> bool:
    """Tell whether `data` is a Pillow image, without importing Pillow for the question."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(data, module.Image)


def _png_mode(image: PillowImage) -> PillowImage:
    """Return the image in a mode whose raw pixels can be staged."""
    if image.mode in _PNG_MODES or image.mode in {"I", "F"}:
        return image
    if image.mode.startswith("I;16"):
        return image.convert("I")
    transparent = "transparency" in image.info or image.mode in {"PA", "La", "RGBa"}
    return image.convert("RGBA" if transparent else "RGB")


def encode_pixels(source: Path, part: Part, target: Path) -> str:
    """Write staged raw pixels of a Pillow image as a PNG."""
    from PIL import Image as pillow  # noqa: N813

    size = (int(part.options["size"][0]), int(part.options["size"][1]))
    image = pillow.frombytes(part.options["mode"], size, source.read_bytes())
    image.save(target, format="PNG", compress_level=_PNG_COMPRESSION)
    return ".png"
