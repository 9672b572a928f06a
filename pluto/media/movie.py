"""Encodes staged frames as MP4, WebM, Ogg or GIF."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluto.media.arrays import Tone, finite_range, load, tile, to_pixels, tone_of
from pluto.media.gif import write_gif
from pluto.media.image import as_channels_last
from pluto.media.notice import notices
from pluto.media.part import Part
from pluto.notice import logger

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CODECS = {".mp4": "libx264", ".webm": "libvpx-vp9", ".ogg": "libtheora"}

# Browsers play frames shorter than this at a tenth of a second.
_SHORTEST_GIF_FRAME_MS = 20


@dataclass(frozen=True)
class Movie:
    """Frames that are still numbers in a staged file."""

    array: NDArray[Any]
    layout: str
    rate: float
    tone: Tone

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Yield HxWx3 pixels, one frame in memory at a time."""
        time = self.layout.index("T")
        for index in range(self.array.shape[time]):
            frame = self.array[index] if time == 0 else self.array[:, index]
            pixels = as_channels_last(to_pixels(frame, self.tone), self.layout)
            yield _rgb(tile(pixels) if time else pixels)


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return HxWx3 pixels; transparency is black."""
    import numpy as np

    if pixels.shape[-1] == 4:
        opaque = pixels[..., :3].astype(np.uint16) * pixels[..., 3:] // 255
        return opaque.astype(np.uint8)
    channels = pixels[..., :1] if pixels.shape[-1] == 2 else pixels
    return np.ascontiguousarray(np.broadcast_to(channels, (*pixels.shape[:2], 3)))


def _movie(source: Path, part: Part) -> Movie:
    """Open staged frames; one scale for all of them, found a frame at a time."""
    array = load(source, part)
    ranges = [finite_range(piece) for piece in array]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    tone = tone_of(array.dtype, low, high)
    return Movie(array, part.options["layout"], part.options["rate"], tone)


def encode_video(source: Path, part: Part, target: Path) -> str:
    """Write staged frames in the format asked for, as a GIF where no encoder can."""
    movie = _movie(source, part)
    if part.extension != ".gif":
        for module, write in _ENCODERS.items():
            if importlib.util.find_spec(module) is not None and _try(write, movie, part, target):
                return part.extension
        notices.warn(
            ("no video encoder", part.extension),
            "videos are stored as GIF, because nothing here encodes %s: run"
            " pip install 'pluto-ml[video]' for an encoder, or ask for format='gif'",
            part.extension[1:].upper(),
        )
    milliseconds = max(_SHORTEST_GIF_FRAME_MS, round(1000 / movie.rate))
    write_gif(movie.frames(), milliseconds, target)
    return ".gif"


Writer = Callable[[Movie, str, Path], None]


def _try(write: Writer, movie: Movie, part: Part, target: Path) -> bool:
    """Encode with an optional library; False, with one line of log, if it cannot."""
    try:
        write(movie, part.extension, target)
    except Exception as error:  # noqa: BLE001 -- the errors of these libraries have no common base
        logger.warning("no %s from %s: %s", part.extension, write.__name__, error)
        return False
    return True


def _even(frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Repeat the last row or column of odd sizes: these codecs store colour for 2x2 pixels."""
    import numpy as np

    for frame in frames:
        rows, columns = frame.shape[0] % 2, frame.shape[1] % 2
        padded = np.pad(frame, ((0, rows), (0, columns), (0, 0)), mode="edge")
        yield np.ascontiguousarray(padded)


def write_with_av(movie: Movie, extension: str, target: Path) -> None:
    """Encode through PyAV (FFmpeg's libraries)."""
    av: Any = importlib.import_module("av")
    with av.open(str(target), "w", format=extension[1:]) as container:
        stream = None
        for frame in _even(movie.frames()):
            if stream is None:
                rate = Fraction(movie.rate).limit_denominator(1000)
                stream = container.add_stream(_CODECS[extension], rate=rate)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())


def write_with_imageio_ffmpeg(movie: Movie, extension: str, target: Path) -> None:
    """Encode through the FFmpeg program that imageio-ffmpeg ships (moviepy brings it too)."""
    ffmpeg: Any = importlib.import_module("imageio_ffmpeg")
    writer = None
    try:
        for frame in _even(movie.frames()):
            if writer is None:
                writer = ffmpeg.write_frames(
                    str(target),
                    (frame.shape[1], frame.shape[0]),
                    fps=movie.rate,
                    codec=_CODECS[extension],
                    macro_block_size=2,
                    output_params=["-f", extension[1:]],
                )
                writer.send(None)
            writer.send(frame)
    finally:
        if writer is not None:
            writer.close()


_ENCODERS: dict[str, Writer] = {
    "av": write_with_av,
    "imageio_ffmpeg": write_with_imageio_ffmpeg,
}
