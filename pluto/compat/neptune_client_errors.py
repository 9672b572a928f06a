"""`neptune.exceptions` of version 1.x: what is raised here, and names that scripts catch."""

from __future__ import annotations

from typing import Final


class NeptuneException(Exception):
    """The base of all."""


class MetadataInconsistency(NeptuneException):
    """An attribute is of a type that cannot do what it is asked to."""


class TypeDoesNotSupportAttributeException(NeptuneException, AttributeError):
    """An attribute is of a type that has no such method."""


class MissingFieldException(NeptuneException, AttributeError, KeyError):
    """There is no attribute at a path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the run has no attribute {path!r}")

    def __str__(self) -> str:
        return str(self.args[0])


class NeptuneUserApiInputException(NeptuneException):
    """Arguments do not fit each other."""


class NeptuneWrongInitParametersException(NeptuneException):
    """A run cannot begin like this."""


class NeptuneRunResumeAndCustomIdCollision(NeptuneWrongInitParametersException):
    """A run is named twice."""


class NeptuneNeedExistingRunException(NeptuneException):
    """The mode needs the id of a run."""


class MetadataContainerNotFound(NeptuneException):
    """There is no such run."""


class RunNotFound(MetadataContainerNotFound):
    """There is no such run."""


class ModelNotFound(MetadataContainerNotFound):
    """There is no such model."""


class ModelVersionNotFound(MetadataContainerNotFound):
    """There is no such version of a model."""


class NeptuneModelKeyAlreadyExistsError(NeptuneException):
    """The project has a model with this key."""


class NeptuneMissingRequiredInitParameter(NeptuneWrongInitParametersException):
    """Something has to be given."""


class InactiveContainerException(NeptuneException):
    """The run has ended."""


class InactiveRunException(InactiveContainerException):
    """The run has ended."""


class FileNotFound(NeptuneException):
    """There is no file at a path."""


class NeptuneUnsupportedFunctionalityException(NeptuneException):
    """Pluto has no counterpart."""


_made: Final[dict[str, type[Exception]]] = {}


def __getattr__(name: str) -> type[Exception]:
    """Return a class for any other name of Neptune, so that `except` and imports of it work."""
    if not name[:1].isupper():
        raise AttributeError(f"{__name__} has no {name!r}")
    return _made.setdefault(name, type(name, (NeptuneException,), {"__module__": __name__}))
