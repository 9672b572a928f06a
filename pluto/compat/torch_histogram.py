"""Histograms of tensors, computed where the tensor lives and fetched without waiting for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from pluto.compat.requires import requires
from pluto.data import Histogram
from pluto.media.counts import bin_range

with requires("torch"):
    import torch

_CHUNK: Final = 1 << 22
"""Values counted at a time: bounds the extra memory on the device to some 100 MB."""


@dataclass(frozen=True)
class PendingHistogram:
    """Counts on their way to the host.

    Attributes:
        counts: int64 (bins + 1,); the last one counts NaN and infinities.
        bounds: float (2,): the least and the greatest finite value.
        arrived: the event after which both may be read; None if they are there already.
    """

    counts: Any
    bounds: Any
    arrived: Any

    def resolve(self) -> Histogram | None:
        """Wait for the numbers; None if no value is finite."""
        if self.arrived is not None:
            self.arrived.synchronize()
        *counts, _ignored = self.counts.tolist()
        low, high = self.bounds.tolist()
        if not any(counts):
            return None
        return Histogram(_in_readable_bins(counts, low, high))


def start_histogram(tensor: Any, bins: int) -> PendingHistogram | None:
    """Begin to count the values of a tensor of any device, layout and real type.

    All work is queued on the tensor's device and nothing waits for it, except that the parts of a
    sparse gradient have to be summed first. Of a distributed tensor the local shard is counted.

    Returns:
        None where there is nothing to count: an empty, complex or meta tensor, or one that is
        being captured into a CUDA graph.
    """
    values = _plain_values(tensor)
    if values is None:
        return None
    low, high = _bounds(values)
    counts = torch.zeros(bins + 1, dtype=torch.int64, device=values.device)
    for chunk in values.split(_CHUNK):
        places = _places(_as_float(chunk), low, high, bins)
        counts.scatter_add_(0, places, torch.ones_like(places))
    bounds = torch.stack([low, high])
    if values.device.type == "cpu":
        return PendingHistogram(counts, bounds, None)
    counts, bounds = counts.to("cpu", non_blocking=True), bounds.to("cpu", non_blocking=True)
    arrived = torch.get_device_module(values.device).Event()
    arrived.record()
    return PendingHistogram(counts, bounds, arrived)


def _plain_values(tensor: Any) -> Any:
    """Return the values as a dense vector outside autograd, or None."""
    values = tensor.detach()
    if hasattr(values, "to_local"):
        values = values.to_local()
    if values.is_sparse:
        values = values.coalesce().values()
    elif values.layout != torch.strided:  # compressed rows or columns
        values = values.values()
    if not values.numel() or values.is_complex() or values.is_meta:
        return None
    if values.is_cuda and torch.cuda.is_current_stream_capturing():
        return None
    return values.reshape(-1)


def _as_float(values: Any) -> Any:
    return values if values.dtype in {torch.float32, torch.float64} else values.float()


def _bounds(values: Any) -> tuple[Any, Any]:
    """Return the least and the greatest finite value as scalars on the device."""
    lows, highs = [], []
    for chunk in map(_as_float, values.split(_CHUNK)):
        finite = chunk.isfinite()
        lows.append(torch.where(finite, chunk, math.inf).amin())
        highs.append(torch.where(finite, chunk, -math.inf).amax())
    return torch.stack(lows).amin(), torch.stack(highs).amax()


def _places(values: Any, low: Any, high: Any, bins: int) -> Any:
    """Return the bin of each value; non-finite ones are in bin number `bins`.

    Halves keep the width of a range such as -3e38..3e38 finite.
    """
    width = high / 2 - low / 2
    shares = (values / 2 - low / 2) / torch.where(width > 0, width, 1)
    places = (shares * bins).nan_to_num_(0.0).clamp_(0, bins - 1).long()
    return places.masked_fill_(~values.isfinite(), bins)


def _in_readable_bins(counts: list[int], low: float, high: float) -> tuple[list[int], list[float]]:
    """Return counts and edges; a range too narrow for its bins is widened around its values."""
    bins = len(counts)
    start, end = bin_range(low, high, bins)
    if (start, end) != (low, high):
        counts = [sum(counts) if place == bins // 2 else 0 for place in range(bins)]
    return counts, [start + (end - start) * (place / bins) for place in range(bins)] + [end]
