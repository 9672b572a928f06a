"""Media values: files, artifacts, text, images, sound, video, and their way to the blob store.

Example:
    >>> import numpy as np
    >>> image = Image(np.zeros((8, 8, 3), np.uint8), caption="black")
    >>> image.type_name
    'IMAGE'
"""

from __future__ import annotations

from pluto.media.artifact import Artifact
from pluto.media.audio import Audio
from pluto.media.base import File
from pluto.media.encoding import BlobStore, encode, forget
from pluto.media.figure import Plotly
from pluto.media.image import Image
from pluto.media.points import PointCloud
from pluto.media.text import Html, Text
from pluto.media.video import Video

__all__ = [
    "Artifact",
    "Audio",
    "BlobStore",
    "File",
    "Html",
    "Image",
    "Plotly",
    "PointCloud",
    "Text",
    "Video",
    "encode",
    "forget",
]
