"""Video: moving pictures from files, bytes and frames."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from pluto.errors import UsageError
from pluto.media.arrays import as_array, channels_first, is_array, shape_of
from pluto.media.base import File, alias, content_of_file_or_bytes
from pluto.media.content import ArrayContent, Content
from pluto.media.naming import format_extension

_USAGE = "pluto.Video(path, bytes, array or tensor of frames, fps=30)"
_FORMATS = (".mp4", ".webm", ".ogg", ".gif")


class Video(File):
    """A moving picture.

    Args:
        data: a path or the bytes of a video file, stored as they are; or frames as an array or
            tensor of shape TxCxHxW or TxHxWxC with 1, 3 or 4 channels, or a batch BxTx…, shown
            as a grid. Pixels follow the rules of `pluto.Image`, with one scale for all frames.
        rate: frames a second.
        caption: free text shown with the video.
        format: `mp4` (default), `webm`, `ogg` or `gif` for frames. All but `gif` need an encoder
            (`pip install "pluto-ml[video]"`); without one, frames are stored as a GIF and one
            warning says so. For a path or bytes it is the extension.
        fps: another way to give `rate`.
        path: another way to give a path.
        name: readable beginning of the uploaded file's name.

    Raises:
        UsageError: the shape is not that of a video, or the rate is not positive.
        FileNotFoundError: there is no file at the path.

    Example:
        >>> import numpy as np
        >>> clip = Video(np.zeros((8, 32, 32, 3), np.uint8), fps=4, format="gif")
    """

    type_name: ClassVar[str] = "VIDEO"

    def __init__(
        self,
        data: Any = None,
        rate: float = 30,
        caption: str | None = None,
        format: str | None = None,  # noqa: A002 -- the name that existing scripts use
        *,
        fps: float | None = None,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        frames_per_second = float(rate if fps is None else fps)
        if not 0 < frames_per_second < 1e6:
            raise UsageError(f"Video: fps={frames_per_second} is not a number of frames a second")
        data = alias(data, path, _USAGE)
        content = content_of_file_or_bytes(data, "Video", ".mp4", format)
        content = content or _frames(data, frames_per_second, format or "mp4")
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def _frames(data: Any, rate: float, format_name: str) -> Content:
    extension = format_extension(format_name)
    if extension not in _FORMATS:
        raise UsageError(f"Video: format={format_name!r} is none of mp4, webm, ogg, gif")
    array = data if is_array(data) else as_array(data)
    options = {"layout": video_layout(shape_of(array)), "rate": rate}
    return ArrayContent(array, "video", extension, options)


def video_layout(shape: Sequence[int]) -> str:
    """Name the dimensions of frames: TCHW, THWC, BTCHW or BTHWC.

    Raises:
        UsageError: the shape is not that of a video.
    """
    if len(shape) in {4, 5} and all(shape):
        first = channels_first(shape[-3:], prefer_first=True)
        if first is not None:
            return ("B" if len(shape) == 5 else "") + ("TCHW" if first else "THWC")
    raise UsageError(
        f"Video: an array of shape {tuple(shape)} is not a video; give TxCxHxW or TxHxWxC with 1,"
        " 3 or 4 channels, or a batch with one dimension before"
    )
