"""Audio: sounds from files, bytes and samples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pluto.errors import MediaError, UsageError
from pluto.media.arrays import as_array, is_array, is_tensor, load, shape_of
from pluto.media.base import File, alias, content_of_file_or_bytes
from pluto.media.content import ArrayContent, Content
from pluto.media.part import Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USAGE = "pluto.Audio(path, bytes, array, tensor or list of samples, rate=48000)"
_MAX_CHANNELS = 64
_PIECE_FRAMES = 1 << 16

# The sizes in a WAV file's header have 32 bits.
_MAX_WAV_BYTES = (1 << 32) - 1024


class Audio(File):
    """A sound.

    Args:
        data: a path or the bytes of a sound file, stored as they are; or samples as an array,
            tensor or list of shape (samples,), (samples, channels) or (channels, samples): the
            shorter dimension is the channels. Samples become a WAV file with 16 bits: floats are
            -1..1 and clipped, NaN is silence; `int16` is stored as it is; 8- and 32-bit
            integers are scaled; wider ones are taken for 16-bit values and clipped.
        rate: frames a second of samples.
        caption: free text shown with the sound.
        sample_rate: another way to give `rate`.
        path: another way to give a path.
        name: readable beginning of the uploaded file's name.
        format: extension of the file, where the bytes do not show it.

    Raises:
        UsageError: the shape is not that of a sound, or the rate is not positive.
        FileNotFoundError: there is no file at the path.

    Example:
        >>> beep = Audio([0.0, 0.5, -0.5, 0.0], rate=8000)
    """

    type_name: ClassVar[str] = "AUDIO"

    def __init__(
        self,
        data: Any = None,
        rate: float = 48000,
        caption: str | None = None,
        *,
        sample_rate: float | None = None,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        format: str | None = None,  # noqa: A002 -- the word that Video uses
        **unknown: object,
    ) -> None:
        frames = whole_rate(rate if sample_rate is None else sample_rate)
        data = alias(data, path, _USAGE)
        content = content_of_file_or_bytes(data, "Audio", ".wav", format) or _samples(data, frames)
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def whole_rate(rate: float) -> int:
    """Return a rate as the whole number of hertz that a WAV header holds."""
    hertz = round(float(rate))
    if not 0 < hertz < 1 << 32:
        raise UsageError(f"Audio: rate={rate!r} is not a number of samples a second, such as 48000")
    return hertz


def _samples(data: Any, rate: int) -> Content:
    array = data if is_array(data) else as_array(data)
    layout = sound_layout(shape_of(array), prefer_first=is_tensor(data))
    return ArrayContent(array, "wav", ".wav", {"layout": layout, "rate": rate})


def sound_layout(shape: Sequence[int], *, prefer_first: bool) -> str:
    """Name the dimensions of samples: T, TC or CT.

    Raises:
        UsageError: the shape is not that of a sound.
    """
    if len(shape) == 1:
        return "T"
    if len(shape) == 2 and min(shape) <= _MAX_CHANNELS:
        first = shape[0] < shape[1] or (shape[0] == shape[1] and prefer_first)
        return "CT" if first else "TC"
    raise UsageError(
        f"Audio: an array of shape {tuple(shape)} is not a sound; give (samples,),"
        " (samples, channels) or (channels, samples); log a batch as a list of pluto.Audio"
    )


def encode_wav(source: Path, part: Part, target: Path) -> str:
    """Write staged samples as a WAV file of 16-bit PCM, a piece at a time."""
    import wave

    empty = 0 in part.options["shape"]
    frames = None if empty else _frames(load(source, part), part.options["layout"])
    channels = 1 if frames is None else frames.shape[1]
    if frames is not None and 2 * frames.size > _MAX_WAV_BYTES:
        raise MediaError("a WAV file holds at most 4 GiB; log a compressed file with its path")
    with wave.open(str(target), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(part.options["rate"])
        for start in range(0, 0 if frames is None else len(frames), _PIECE_FRAMES):
            assert frames is not None
            piece = to_pcm(frames[start : start + _PIECE_FRAMES])
            sound.writeframesraw(piece.astype("<i2").tobytes())
    return ".wav"


def _frames(array: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return samples with the dimensions T, C."""
    if layout == "T":
        return array[:, None]
    return array.T if layout == "CT" else array


def to_pcm(samples: NDArray[Any]) -> NDArray[np.int16]:
    """Return samples of any numeric type as 16-bit PCM."""
    import numpy as np

    if samples.dtype.kind == "f":
        scaled = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
        return np.rint(np.clip(scaled, -1.0, 1.0) * 32767).astype(np.int16)
    wide = samples.astype(np.int64)
    if samples.dtype.name == "uint8":  # WAV's own 8-bit samples: silence is 128
        wide = (wide - 128) << 8
    elif samples.dtype.name == "int8":
        wide <<= 8
    elif samples.dtype.name == "int32":
        wide >>= 16
    elif samples.dtype.name == "uint64":
        wide = np.minimum(samples, 32767).astype(np.int64)
    return np.clip(wide, -32768, 32767).astype(np.int16)
