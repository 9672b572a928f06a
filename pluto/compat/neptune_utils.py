"""`neptune.utils` of version 1.x."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["stringify_unsupported"]


def stringify_unsupported(value: Any, expand: bool = False) -> Any:
    """Return a value with everything in it that is no single value as a text.

    Args:
        value: a mapping, or something in one.
        expand: whether lists, tuples and sets become mappings from `"0"` on.

    Example:
        >>> stringify_unsupported({"lr": 0.1, "sizes": [1, 2], "sub": {"none": None}})
        {'lr': 0.1, 'sizes': '[1, 2]', 'sub': {'none': 'None'}}
    """
    if isinstance(value, Mapping):
        return {str(key): stringify_unsupported(item, expand) for key, item in value.items()}
    if expand and isinstance(value, (list, tuple, set)):
        return stringify_unsupported({str(n): item for n, item in enumerate(value)}, expand)
    if isinstance(value, (bool, int, float, str, datetime)):
        return value
    if hasattr(value, "item") and getattr(value, "size", 0) == 1 and hasattr(value, "dtype"):
        return value
    return value if type(value).__module__.startswith("pluto.compat") else str(value)
