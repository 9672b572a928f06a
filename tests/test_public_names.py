"""The names that scripts import: those of the earlier client, each documented and typed."""

import importlib
import importlib.metadata
import inspect

import pytest

import pluto

EARLIER_CLIENT = {
    *("init", "finish", "log", "watch", "alert", "login", "logout", "setup", "generate_run_id"),
    *("query", "sweep", "agent"),
    *("Settings", "System", "Data", "Graph", "Histogram", "Table"),
    *("File", "Artifact", "Text", "Image", "Audio", "Video"),
}
NEW = {"Op", "Html", "Plotly", "PointCloud"}

EXCEPTIONS_BY_MODULE = [
    ("pluto.op", "RunExistsError", RuntimeError),
    ("pluto.iface", "PlutoRequestError", Exception),
    ("pluto.iface", "PlutoAuthError", Exception),
]


def test_the_public_names_are_the_declared_ones() -> None:
    assert set(pluto.__all__) == EARLIER_CLIENT | NEW
    assert pluto.__all__ == sorted(pluto.__all__)


@pytest.mark.parametrize("name", sorted(pluto.__all__))
def test_a_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(pluto, name)
    assert inspect.getdoc(value)
    if inspect.isclass(value):
        own = [member for member in vars(value) if not member.startswith("_")]
        assert [member for member in own if not inspect.getdoc(getattr(value, member))] == []


@pytest.mark.parametrize("name", ["init", "finish", "log", "watch", "alert", "login", "logout"])
def test_a_public_function_is_typed(name: str) -> None:
    signature = inspect.signature(getattr(pluto, name))
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter


@pytest.mark.parametrize(("module", "name", "base"), EXCEPTIONS_BY_MODULE)
def test_an_exception_is_found_where_scripts_import_it_from(
    module: str, name: str, base: type[Exception]
) -> None:
    assert issubclass(getattr(importlib.import_module(module), name), base)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pluto.nothing


def test_the_version_is_the_one_of_the_distribution() -> None:
    assert pluto.__version__ == importlib.metadata.version("pluto-ml")
