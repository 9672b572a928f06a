"""Arrays and tensors of any library as numpy arrays, and numbers as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pluto.errors import UsageError
from pluto.media.part import Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUMERIC_KINDS = "biuf"
"""numpy's letters for bool, signed and unsigned integer, and floating point."""

# How plausible a channel count is where an array's shape can be read in two ways.
_CHANNEL_RANK = {3: 4, 1: 3, 4: 2, 2: 1}


class Tone(NamedTuple):
    """How a number becomes a pixel of 0..255: `(number - offset) * factor`, rounded, clipped."""

    offset: float
    factor: float


def shape_of(data: Any) -> tuple[int, ...]:
    """Return the shape of an array without reading its elements or moving it off a device."""
    return tuple(int(size) for size in data.shape)


def is_tensor(data: object) -> bool:
    """Tell whether `data` is a torch tensor, whose images have the channels first."""
    return hasattr(data, "detach") and hasattr(data, "cpu")


def is_array(data: object) -> bool:
    """Tell whether `data` is an array or tensor of any library."""
    return hasattr(data, "shape") and hasattr(data, "dtype")


def as_array(data: Any) -> NDArray[Any]:
    """Return numbers as a numpy array, copied from their device if need be.

    Raises:
        UsageError: the data are not numbers.
    """
    import numpy as np

    array = _tensor_to_numpy(data) if is_tensor(data) else _to_numpy(data)
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16, float8 of ml_dtypes
        array = array.astype(np.float32)
    if array.dtype.kind not in NUMERIC_KINDS:
        raise UsageError(f"expected an array of numbers, got dtype {array.dtype}")
    return array.astype(np.float64) if array.dtype.itemsize > 8 else array


def _tensor_to_numpy(tensor: Any) -> NDArray[Any]:
    """Copy a torch tensor to the host; types that numpy lacks (bfloat16) become float32."""
    host = tensor.detach().cpu()
    try:
        array: NDArray[Any] = host.numpy()
    except TypeError:
        array = host.float().numpy()
    return array


def _to_numpy(data: Any) -> NDArray[Any]:
    import numpy as np

    if hasattr(data, "__cuda_array_interface__") and hasattr(data, "get"):  # cupy
        data = data.get()
    try:
        return np.asarray(data)
    except (TypeError, ValueError) as error:
        raise UsageError(f"expected an array of numbers, got {type(data).__name__}") from error


def load(source: Path, part: Part) -> NDArray[Any]:
    """Map a staged array into memory, read-only, in the shape that `array_options` described."""
    import numpy as np

    shape = tuple(part.options["shape"])
    return np.memmap(source, dtype=np.dtype(part.options["dtype"]), mode="r", shape=shape)


def array_options(array: NDArray[Any]) -> dict[str, Any]:
    """Return what `load` needs to know of a staged array, as JSON values."""
    return {"dtype": array.dtype.str, "shape": list(array.shape)}


def channels_first(shape: Sequence[int], *, prefer_first: bool) -> bool | None:
    """Tell where the channels of an image of three dimensions are.

    Returns:
        True for C,H,W, False for H,W,C, None if neither end can be 1 to 4 channels. Where both
        can, the likelier count wins (3, then 1, 4, 2), then `prefer_first`.
    """
    first, last = (_CHANNEL_RANK.get(size, 0) for size in (shape[0], shape[-1]))
    if not first and not last:
        return None
    return prefer_first if first == last else first > last


def finite_range(array: NDArray[Any]) -> tuple[float, float]:
    """Return the least and greatest finite number, (0, 0) if there is none."""
    import numpy as np

    if array.dtype.kind == "f":
        array = array[np.isfinite(array)]
    return (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)


def tone_of(dtype: np.dtype[Any], low: float, high: float) -> Tone:
    """Choose how numbers between `low` and `high` are shown.

    * `uint8` is shown as it is, `bool` as black and white.
    * Negative numbers, or integers above 255: the range is stretched over black to white.
    * Fractions (floats below 2, so that interpolation may overshoot 1; integers 0 and 1): 1 is
      white.
    * Anything else is on a scale to 255; what is above is white.
    """
    if dtype.kind == "u" and dtype.itemsize == 1:
        return Tone(0.0, 1.0)
    whole = dtype.kind in "iu"
    if low < 0 or (whole and high > 255):
        span = high - low
        return Tone(low, 255.0 / span if span else 0.0)
    return Tone(0.0, 255.0 if high < 2 else 1.0)


def to_pixels(array: NDArray[Any], tone: Tone) -> NDArray[np.uint8]:
    """Return the pixels of numbers; NaN is black."""
    import numpy as np

    if array.dtype == np.uint8:
        return np.asarray(array)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint((array.astype(np.float64) - tone.offset) * tone.factor)
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def tile(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay N,H,W,C images out as one image, in a grid as square as possible, the rest black."""
    import numpy as np

    count, height, width, channels = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    grid[:count] = images
    grid = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)
