"""The commands in docs/how-to/query.md run as they are written."""

import importlib.util
import re
import shlex

import pytest

import pluto
from pluto.cli.main import run
from tests.conftest import REPOSITORY
from tests.integration.query_runs import QUIET

PAGE = REPOSITORY / "docs" / "how-to" / "query.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    words = shlex.split("".join(BLOCK.findall(PAGE.read_text("utf-8"))).replace("\npluto ", "\n; "))
    found: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            found.append([])
        else:
            found[-1].append(word)
    return [[word for word in command if word != "pluto"] for command in found]


def test_the_page_has_the_commands_that_it_is_about() -> None:
    assert {command[0] for command in commands()} == {"runs", "export", "query", "clean"}


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_documented_command_does_what_it_says(command: list[str]) -> None:
    if command[0] == "query" and importlib.util.find_spec("duckdb") is None:
        pytest.skip("duckdb is not installed")
    made = pluto.init(project="digits", name="rate-0.1", config={"lr": 0.1}, settings=QUIET)
    made.log({"train/loss": 0.5})
    made.finish()
    assert run(command) == 0
