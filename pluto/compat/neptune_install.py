"""Stand-ins for Neptune's packages in `sys.modules`, until they are taken out again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Final

_before: Final[dict[str, ModuleType | None]] = {}


def install(modules: Mapping[str, ModuleType]) -> None:
    """Have `import <name>` give these modules.

    Args:
        modules: by the names under which scripts import them.
    """
    for name, module in modules.items():
        _before.setdefault(name, sys.modules.get(name))
        sys.modules[name] = module


def uninstall() -> None:
    """Have `import` give what it gave before; what a script has imported stays what it is."""
    while _before:
        name, module = _before.popitem()
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
