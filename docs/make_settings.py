"""Writes docs/settings.md from the table in pluto/sets_table.py: `make docs`."""

import os
from pathlib import Path

from pluto.sets_table import TABLE, Setting

PAGE = Path(__file__).with_name("settings.md")

HEAD = """\
# Settings

<!-- Made by `make docs` from pluto/sets_table.py. -->

A setting is given, the strongest first, as an argument of `pluto.init()`, in `settings=` (a dict or
a `pluto.Settings`), or in the environment; otherwise it has its default.
An unknown name is a warning that tells the nearest known one.

```python
import pluto

pluto.init(project="digits", settings={"mode": "offline", "x_sys_sampling_interval": 10}).finish()
```

| Setting | Default | Environment | What it is |
| --- | --- | --- | --- |
"""

FOOT = """
Times are in seconds. `MLOP_*` variables are the older names and give a deprecation warning.

Accepted for the sake of existing scripts, without effect: {ignored}.
"""


def default_of(setting: Setting) -> str:
    """The default as it is written in Python, empty for none."""
    if setting.default is None:
        return ""
    if setting.default == os.getcwd():
        return "the working directory"
    return f"`{setting.default!r}`"


def line_of(setting: Setting) -> str:
    variables = ", ".join(f"`{name}`" for name in setting.env)
    return f"| `{setting.name}` | {default_of(setting)} | {variables} | {setting.help} |\n"


def page() -> str:
    """The whole page."""
    ignored = ", ".join(f"`{setting.name}`" for setting in TABLE.values() if not setting.help)
    rows = "".join(line_of(setting) for setting in TABLE.values() if setting.help)
    return HEAD + rows + FOOT.format(ignored=ignored)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
