"""How the name `mlop` stands for `pluto`.

Attributes are looked up at the moment of use; submodules are the same objects under both names.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pluto

OWN_MODULES = frozenset({"mlop.__main__", "mlop._alias"})


class View(ModuleType):
    """The class of the package `mlop`: all but its own dunder names lives in `pluto`."""

    def __getattr__(self, name: str) -> object:
        """Answer with `pluto`'s attribute of this moment."""
        return getattr(pluto, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set it in `pluto`, so that ``mlop.ops = []`` is seen under both names."""
        if name.startswith("__"):
            super().__setattr__(name, value)
        elif sys.modules.get(f"mlop.{name}") is not value:
            # Not when the import system binds a submodule to its package: `pluto` has that binding
            # already, or a function of the same name (`log`, `init`) that must stay.
            setattr(pluto, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete it in `pluto`."""
        delattr(pluto, name)

    def __dir__(self) -> list[str]:
        """The names of `pluto`."""
        return dir(pluto)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled by name, as tools that send functions to other processes do with a module."""
        return importlib.import_module, (self.__name__,)


class SubmoduleAliases(MetaPathFinder):
    """Finds ``mlop.x.y`` by importing ``pluto.x.y``; both names then mean one module object."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 the import system's interface
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Take every name below `mlop` that is not a file of this package."""
        if not fullname.startswith("mlop.") or fullname in OWN_MODULES:
            return None
        actual = "pluto" + fullname.removeprefix("mlop")
        if importlib.util.find_spec(actual) is None:
            return None
        return ModuleSpec(fullname, SameModule(actual))


class SameModule(Loader):
    """Loads a module by putting another one, imported under its own name, in its place."""

    def __init__(self, actual: str) -> None:
        self._actual = actual

    def exec_module(self, module: ModuleType) -> None:
        """Replace the empty module that the import system made; it returns what it finds here."""
        sys.modules[module.__name__] = importlib.import_module(self._actual)
