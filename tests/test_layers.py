"""The shape of the code: who imports whom, and how long anything may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
PACKAGES = ("pluto", "mlop")
WRITTEN_IN = ("pluto", "mlop", "tests", "examples", "benchmarks", "web")
BUILT = ("pluto/server/web/", "web/node_modules/", "web/vendor/", "web/dist/")
LANGUAGES = (".py", ".ts", ".tsx", ".js", ".css")


def sources(*folders: str) -> list[Path]:
    """Every source file below the folders that a person wrote."""
    return [
        path
        for folder in folders
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if path.suffix in LANGUAGES and not relative(path).startswith(BUILT)
    ]


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of each function; its docstring does not count."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
            yield node.name, length


def configured_layers() -> list[str]:
    """The layers of pyproject.toml, one line each, as the documents write them."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [re.sub(r"[()]", "", layer).replace(" : ", " | ") for layer in layers]


def documented_layers() -> list[str]:
    text = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
    match = re.search(r"```layers\n(.*?)```", text, re.DOTALL)
    assert match, "docs/architecture.md has no ```layers block"
    return match.group(1).splitlines()


def test_modules_import_only_from_the_layers_below_them() -> None:
    command = "from importlinter.cli import lint_imports_command as main; main()"
    result = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_documented_layers_are_the_enforced_ones() -> None:
    assert documented_layers() == configured_layers()


def test_no_source_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {relative(path): len(path.read_bytes().splitlines()) for path in sources(*WRITTEN_IN)}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_forty_lines() -> None:
    long = {
        f"{relative(path)}:{name}": length
        for path in sources(*PACKAGES)
        if path.suffix == ".py"
        for name, length in functions(path)
        if length > MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_tells_type_checkers_that_it_is_typed(package: str) -> None:
    assert (REPOSITORY / package / "py.typed").exists()
