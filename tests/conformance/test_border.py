"""Nothing of a storage engine is known outside its own package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pluto.server

SERVER = Path(pluto.server.__file__).parent
ENGINE = "pluto.server.sqlite"
COMPOSES = {"serve.py"}  # where the engine is chosen
OF_THE_ENGINE = {"RunReader", "RunWriter", "Compactor", "Blobs", "RUN_DB", "is_run_directory"}
MODULES = sorted(SERVER.glob("*.py"))


def imports(module: Path) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each import, also of those within functions."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", each.name) for each in node.names)
        elif isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_of_the_server_knows_storage_by_its_interface_alone(module: Path) -> None:
    found = set(imports(module))
    engines = {origin for origin, _ in found if origin.startswith(ENGINE)}
    inner = {name for origin, name in found if origin == "pluto.storage" and name in OF_THE_ENGINE}
    parts = {origin for origin, _ in found if origin.startswith("pluto.storage.")}

    assert engines == ({ENGINE} if module.name in COMPOSES else set())
    assert not any(origin.startswith("sqlite3") for origin, _ in found)
    assert inner == set()
    assert parts <= {"pluto.storage.rows"}  # the names of array types
