"""Writes docs/cli.md from the commands in pluto/cli: `make docs`."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from pluto.cli.main import commands

PAGE = Path(__file__).with_name("cli.md")

HEAD = """\
# The command line

<!-- Made by `make docs` from pluto/cli. -->

`pluto` is installed with the package; `python -m pluto` is the same. The exit code is 0 when what
was asked for is done, 1 when it is not (a refused key, rows that are left, no command given), and 2
when the command line was not understood. Every command explains itself with `--help`.

Which server a command means: `--url` or `--host`, else the [environment](environment.md), else what
the command says.
"""

COMPLETION = """
## Completion in the shell

The commands are made with [click](https://click.palletsprojects.com), which completes names and
options after one of these lines in the shell's start file:

```sh
eval "$(_PLUTO_COMPLETE=bash_source pluto)"
eval "$(_PLUTO_COMPLETE=zsh_source pluto)"
_PLUTO_COMPLETE=fish_source pluto | source
```
"""


def sections(context: click.Context, depth: int) -> Iterator[str]:
    """The section of every command below a group, in the order of its help."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        yield section(below, depth)
        if isinstance(command, click.Group):
            yield from sections(below, depth + 1)


def section(context: click.Context, depth: int) -> str:
    command = context.command
    pieces = " ".join(command.collect_usage_pieces(context))
    help_text = inspect.cleandoc(command.help or "")
    title = f"\n{'#' * depth} {context.command_path}\n"
    usage = f"\n```text\n{context.command_path} {pieces}\n```\n"
    return f"{title}{usage}\n{help_text}\n{options(context)}"


def options(context: click.Context) -> str:
    records = [
        each.get_help_record(context)
        for each in context.command.get_params(context)
        if isinstance(each, click.Option) and "--help" not in each.opts
    ]
    rows = [f"| `{cell(names)}` | {cell(text)} |\n" for names, text in filter(None, records)]
    return f"\n| Option | What it does |\n| --- | --- |\n{''.join(rows)}" if rows else ""


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def page() -> str:
    """The whole page."""
    context = click.Context(commands, info_name="pluto")
    return HEAD + options(context) + "".join(sections(context, 2)) + COMPLETION


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
