"""The reference is made from the code, and what guides name exists."""

import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import metadata
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from docs import make_cli, make_environment
from pluto.cli.main import commands
from pluto.storage import RunWriter
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED_TEST = re.compile(r"\[`(test_\w+)`\]\(([^)]+)\)")
READ_VARIABLE = re.compile(r'environ(?:\.get\(|\[)"([A-Z_]+)"|"([A-Z_]+)" (?:not )?in \S*environ\b')


@pytest.mark.parametrize("maker", [make_cli, make_environment], ids=lambda maker: maker.PAGE.name)
def test_a_page_that_is_made_from_code_is_up_to_date(maker: ModuleType) -> None:
    assert maker.PAGE.read_text("utf-8") == maker.page(), "run 'make docs'"


def test_every_environment_variable_that_the_code_reads_is_documented() -> None:
    page = make_environment.PAGE.read_text("utf-8")
    read = {
        name
        for path in (REPOSITORY / "pluto").rglob("*.py")
        for names in READ_VARIABLE.findall(path.read_text("utf-8"))
        for name in names
        if name and not name.startswith(("WANDB_", "NEPTUNE_"))  # of other tools: their guides
    }
    assert {name for name in read if f"`{name}`" not in page} == {"PATH"}


def test_every_table_and_column_of_a_run_is_documented(tmp_path: Path) -> None:
    page = (DOCS / "format.md").read_text("utf-8")
    RunWriter(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "run.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
        for (table,) in tables:
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            line = f"| `{table}` | {', '.join(f'`{column}`' for column in columns)} |"
            assert line in page
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (application,) = database.execute("PRAGMA application_id").fetchone()
    database.close()
    assert f"now {version}." in page
    assert f"`0x{application:08X}`" in page


def shell_commands() -> Iterator[tuple[str, list[str]]]:
    """Every command line of pluto in a shell block, as `(document, words behind pluto)`."""
    for document in sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")]):
        for block in SHELL_BLOCK.findall(document.read_text("utf-8")):
            for line in re.split(r"\n(?=\S)", block):
                words = shlex.split(line, comments=True)
                if "pluto" in words[:2] and "|" not in words:  # also behind `until`
                    yield document.name, words[words.index("pluto") + 1 :]


@pytest.mark.parametrize(("document", "words"), list(shell_commands()))
def test_a_command_in_a_document_exists_with_its_options(document: str, words: list[str]) -> None:
    command: click.Command = commands
    known: set[str] = set()
    for word in words:
        if word.startswith("-") and word != "-":
            context = click.Context(command)
            known |= {name for each in command.get_params(context) for name in each.opts}
            assert word.partition("=")[0] in known
        elif isinstance(command, click.Group) and word in command.list_commands(
            click.Context(command)
        ):
            found = command.get_command(click.Context(command), word)
            assert found is not None
            command = found
    assert command is not commands or set(words) & known


def test_commands_of_a_server_that_stand_together_have_one_data_directory() -> None:
    """A key that is made in another directory opens nothing."""
    for document in sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")]):
        for block in SHELL_BLOCK.findall(document.read_text("utf-8")):
            commands_of_it = re.findall(r"^pluto server\b.*", block, re.MULTILINE)
            found = {tuple(re.findall(r"--data[= ](\S+)", line)) for line in commands_of_it}
            assert len(found) <= 1, (document.name, block)


def test_every_test_that_the_compatibility_page_names_exists() -> None:
    links = NAMED_TEST.findall((DOCS / "compatibility.md").read_text("utf-8"))
    assert len(links) > 60
    missing = [
        name for name, path in links if f"def {name}(" not in (DOCS / path).read_text("utf-8")
    ]
    assert missing == []


def test_the_compatibility_page_knows_every_fault_by_number() -> None:
    page = (DOCS / "compatibility.md").read_text("utf-8")
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(range(1, 52))


def test_every_extra_that_a_message_or_a_document_names_exists() -> None:
    texts = [*(REPOSITORY / "pluto").rglob("*.py"), *REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")]
    named = {
        extra
        for path in texts
        for extras in re.findall(r"pluto-ml\[([a-z,]+)\]", path.read_text("utf-8"))
        for extra in extras.split(",")
    }
    assert named <= set(metadata("pluto-ml").get_all("Provides-Extra") or [])


def test_the_index_leads_to_every_document() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    linked = [page for page in pages if not page.startswith("decisions/") and page != "index.md"]
    assert [page for page in linked if f"({page})" not in index] == []


def test_the_shell_completes_the_names_of_commands() -> None:
    variables = {"_PLUTO_COMPLETE": "bash_complete", "COMP_WORDS": "pluto s", "COMP_CWORD": "1"}
    shown = CliRunner().invoke(commands, prog_name="pluto", env=variables)
    assert {"plain,sync", "plain,server"} <= set(shown.output.split())
