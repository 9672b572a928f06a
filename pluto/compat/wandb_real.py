"""Values of the real wandb, as those of the stand-in that logs them to Pluto.

The real classes keep what they were given in private attributes (seen in wandb 0.31): media in a
file `_path` with a `_caption`, boxes in `_val`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat import wandb_plot
from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import Error
from pluto.compat.wandb_media import Image
from pluto.compat.wandb_table import Table

_CHARTS: Final = ("line", "scatter", "bar", "histogram")


def own_value(value: Any) -> Any:
    """Return a value with everything of wandb in it replaced; other values as they are."""
    if isinstance(value, Mapping):
        return {key: own_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [own_value(item) for item in value]
    if type(value).__module__.partition(".")[0] != "wandb":
        return value
    convert = _CONVERTERS.get(type(value).__name__)
    return value if convert is None else convert(value)


def own_artifact(artifact: Any, aliases: Any = None, tags: Any = None) -> Artifact:
    """Return an artifact with the files that the real one has on this machine."""
    name = str(artifact.name).partition(":")[0]
    made = Artifact(name, artifact.type, artifact.description, artifact.metadata)
    for path, entry in artifact.manifest.entries.items():
        if entry.local_path is not None:
            made.add_file(entry.local_path, path)
    made.aliases, made.tags = list(aliases or ()), list(tags or ())
    return made


def _path(value: Any) -> Path:
    path = vars(value).get("_path")
    if path is None or not Path(path).is_file():
        raise Error(f"{type(value).__name__} has no file on this machine")
    return Path(path)


def _caption(value: Any) -> str | None:
    caption: str | None = vars(value).get("_caption")
    return caption


def _image(value: Any) -> pluto.Image:
    known = vars(value)
    boxes = {
        name: {"box_data": vars(layer)["_val"], "class_labels": vars(layer)["_class_labels"]}
        for name, layer in (known.get("_boxes") or {}).items()
    }
    masks = {
        name: {"path": _path(layer), **_mask_labels(layer)}
        for name, layer in (known.get("_masks") or {}).items()
    }
    return Image(_path(value), caption=_caption(value), boxes=boxes or None, masks=masks or None)


def _mask_labels(layer: Any) -> dict[str, Any]:
    labels = vars(layer).get("_val", {}).get("class_labels")
    return {} if labels is None else {"class_labels": labels}


def _audio(value: Any) -> pluto.Audio:
    return pluto.Audio(_path(value), caption=_caption(value))


def _video(value: Any) -> pluto.Video:
    return pluto.Video(_path(value), caption=_caption(value))


def _html(value: Any) -> pluto.Html:
    return pluto.Html(value.html)


def _file(value: Any) -> pluto.File:
    return pluto.File(_path(value), caption=_caption(value))


def _histogram(value: Any) -> pluto.Histogram:
    return pluto.Histogram(np_histogram=(value.histogram, value.bins))


def _plotly(value: Any) -> pluto.Plotly:
    return pluto.Plotly(json.loads(_path(value).read_text("utf-8")))


def _table(value: Any) -> Table:
    return Table(columns=value.columns, data=[[own_value(cell) for cell in r] for r in value.data])


def _chart(value: Any) -> Any:
    """Return the chart where its kind is known, else its table."""
    table, spec = _table(value.table), value.spec
    kind = spec.spec_name.split("/")[1] if spec.spec_name.count("/") == 2 else ""
    if kind not in _CHARTS:
        return table
    fields = {key: name for key, name in spec.fields.items() if name is not None}
    return wandb_plot.plot_table(
        spec.spec_name, table, fields, spec.string_fields, spec.split_table
    )


def _level(value: Any) -> Any:
    return value.value


def _name(value: Any) -> Any:
    return value.name


_CONVERTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Image": _image,
    "Audio": _audio,
    "Video": _video,
    "Html": _html,
    "Molecule": _file,
    "Object3D": _file,
    "Histogram": _histogram,
    "Plotly": _plotly,
    "Table": _table,
    "CustomChart": _chart,
    "AlertLevel": _level,
    "Metric": _name,
}
