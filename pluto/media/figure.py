"""Figures of plotting libraries, rendered while they are logged."""

from __future__ import annotations

import base64
import importlib.util
import io
from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

from pluto.errors import UsageError
from pluto.media.base import File, alias
from pluto.media.content import RenderedContent
from pluto.media.plain import to_json


def figure_content(data: Any) -> RenderedContent | None:
    """Return the PNG of a figure, rendered when it is staged; None if `data` is no figure.

    Raises:
        UsageError: a plotly figure, and kaleido, which renders those, is not installed.
    """
    if _is_plotly(data):
        if importlib.util.find_spec("kaleido") is None:
            raise UsageError(
                "Image: log a plotly figure with pluto.Plotly(figure), which keeps it interactive;"
                " for a PNG install kaleido (pip install kaleido)"
            )
        return RenderedContent(lambda: bytes(data.to_image(format="png")), ".png")
    figure = _with_savefig(data)
    return None if figure is None else RenderedContent(lambda: _save_figure(figure), ".png")


def _is_plotly(data: object) -> bool:
    return hasattr(data, "to_plotly_json") and hasattr(data, "to_image")


def _with_savefig(data: Any) -> Any:
    """Return the object whose `savefig` draws `data`: a figure, or that of an axes or artist."""
    if isinstance(data, ModuleType) and hasattr(data, "gcf"):
        # pyplot: the figure that is current now, not the one when the value is logged.
        return data.gcf()
    for candidate in (data, getattr(data, "figure", None), getattr(data, "fig", None)):
        if hasattr(candidate, "savefig"):
            return candidate
    return None


def _save_figure(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


class Plotly(File):
    """A plotly figure that stays interactive: stored as its JSON.

    Args:
        figure: a plotly figure, or a dict `{"data": [{…}], "layout": {…}}`.
        caption: free text shown with the figure.
        name: readable beginning of the uploaded file's name.

    Example:
        >>> figure = Plotly({"data": [{"y": [1, 3, 2]}], "layout": {}})
    """

    type_name: ClassVar[str] = "FILE"

    def __init__(
        self,
        figure: Any = None,
        caption: str | None = None,
        *,
        data: Any = None,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        figure = alias(figure, data, "pluto.Plotly(figure)")
        if not hasattr(figure, "to_plotly_json") and not _is_figure_dict(figure):
            raise UsageError('Plotly takes a plotly figure or {"data": [{…}], "layout": {…}}')
        content = RenderedContent(lambda: _plotly_json(figure), ".json")
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def _is_figure_dict(figure: object) -> bool:
    return isinstance(figure, Mapping) and isinstance(figure.get("data"), (list, tuple))


def _plotly_json(figure: Any) -> bytes:
    document = figure.to_plotly_json() if hasattr(figure, "to_plotly_json") else figure
    plotted = {"data": document["data"], "layout": document.get("layout", {})}
    return to_json(_without_packed_arrays(plotted)).encode()


def _without_packed_arrays(value: Any) -> Any:
    """Replace the base64 arrays of plotly 6 by lists, which every version of plotly.js reads."""
    if isinstance(value, Mapping):
        if "bdata" in value and "dtype" in value:
            return _unpack(value)
        return {key: _without_packed_arrays(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_packed_arrays(item) for item in value]
    return value


def _unpack(packed: Mapping[str, Any]) -> Any:
    import numpy as np

    array = np.frombuffer(base64.b64decode(packed["bdata"]), np.dtype(packed["dtype"]))
    shape = [int(size) for size in str(packed.get("shape", array.size)).split(",")]
    return array.reshape(shape).tolist()
