"""What the packages import is what their metadata asks for, no more and no less."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

DISTRIBUTION_OF = {"PIL": "pillow", "pynvml": "nvidia-ml-py"}
EXTRAS = {
    "keyring": {"keyring"},
    "tls": {"cryptography"},
    "sql": {"duckdb"},
    "parquet": {"pyarrow"},
    "video": {"av"},
    "migrate": {"pyarrow", "wandb"},
    "sweep": {"optuna"},
}
FRAMEWORKS = {
    "torch": {"torch"},
    "lightning": {"lightning"},
    "transformers": {"transformers", "accelerate"},
    "accelerate": {"accelerate"},
    "wandb": {"wandb"},
    "tensorboard": {"tensorboard", "tensorboardX"},
    "neptune": {"pandas"},
}
"""What the hooks of pluto/compat work with: it is there, or the hook names the extra."""


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node: ast.AST) -> Iterator[str]:
    """Top-level names of all modules that are imported at run time below `node`."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield (node.module or "").partition(".")[0]
    elif not is_for_type_checkers(node):
        for child in ast.iter_child_nodes(node):
            yield from imports(child)


def imported_distributions(folder: Path) -> set[str]:
    """The distributions outside the standard library that the code below `folder` imports.

    Not those of compat/: a framework is there when its hook is used.
    """
    names = {
        name
        for path in folder.rglob("*.py")
        if "compat" not in path.relative_to(folder).parts
        for name in imports(ast.parse(path.read_text("utf-8")))
    }
    third_party = names - sys.stdlib_module_names - {"pluto", "mlop"}
    return {DISTRIBUTION_OF.get(name, name) for name in third_party}


def required(extra: str | None = None) -> set[str]:
    """The distributions that a plain install, or one extra, asks for."""
    wanted = f'extra == "{extra}"' if extra else None
    found = set()
    for line in requires("pluto-ml") or []:
        requirement, _, marker = line.partition(";")
        if (marker.strip() or None) == wanted:
            match = re.match(r"[A-Za-z0-9_.-]+", requirement)
            assert match, line
            found.add(match.group())
    return found


def test_a_plain_install_brings_exactly_what_is_imported() -> None:
    optional = {"pytorch_lightning"}.union(*FRAMEWORKS.values(), *EXTRAS.values())
    assert required() == imported_distributions(REPOSITORY / "pluto") - optional


@pytest.mark.parametrize("extra", EXTRAS | FRAMEWORKS)
def test_an_extra_brings_what_it_is_for(extra: str) -> None:
    assert required(extra) == (EXTRAS | FRAMEWORKS)[extra]


def test_the_extra_of_a_framework_takes_no_newer_version_away() -> None:
    for line in requires("pluto-ml") or []:
        requirement = Requirement(line)
        if requirement.marker and any(f'"{extra}"' in line for extra in FRAMEWORKS):
            assert {each.operator for each in requirement.specifier} == {">="}, line


def brought_by(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """A distribution and all that it asks for on this platform, directly or not."""
    found = {name}
    for line in requires(name) or []:
        needed = Requirement(line)
        chosen = ({"extra": extra} for extra in extras | {""})
        if needed.marker is None or any(map(needed.marker.evaluate, chosen)):
            found |= brought_by(needed.name, frozenset(needed.extras))
    return found


def size(name: str) -> int:
    """Bytes of a distribution's files, without what Python compiles from them."""
    files = [path.locate() for path in distribution(name).files or [] if path.suffix != ".pyc"]
    return sum(Path(str(path)).stat().st_size for path in files)


def test_a_plain_install_is_small_besides_numpy_and_pillow() -> None:
    """Some 28 MB on Linux; one distribution less from Python 3.13 on, one more on 3.10."""
    besides = {canonicalize_name(name) for name in brought_by("pluto-ml")}
    besides -= {"pluto-ml", "numpy", "pillow"}
    assert {"httpx", "h2", "granian"} <= besides
    if sys.platform == "linux":
        assert "cryptography" not in besides
        assert len(besides - {"exceptiongroup"}) <= 18, sorted(besides)
    assert sum(map(size, besides)) <= 45e6


def test_the_old_name_needs_nothing_of_its_own() -> None:
    assert imported_distributions(REPOSITORY / "mlop") == set()
