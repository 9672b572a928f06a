"""What an artifact of wandb knows about itself: who made it, who uses it, what it is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from pluto.compat.wandb_errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

    from pluto.compat.wandb_api_run import ApiRun
    from pluto.compat.wandb_artifact import ArtifactFile


class ArtifactFacts:
    """The part of an artifact that has nothing to do with its files.

    Attributes:
        version: of an artifact that was read back or waited for.
        source: of an artifact that was read back, where it comes from.
        created_at: when it was logged, of an artifact that was read back.
        ttl: without effect: what was logged stays until somebody deletes its run.
        use_as: without effect.
    """

    source: Mapping[str, str]
    aliases: list[str]
    tags: list[str]
    version: str | None = None
    created_at: str | None = None
    ttl: Any = None
    use_as: str | None = None
    is_link = False
    incremental = False
    digest_algorithm = "sha256"

    if TYPE_CHECKING:

        @property
        def name(self) -> str:
            """The name, with the version once there is one."""

        @property
        def digest(self) -> str:
            """A hash of the names and the content of all files."""

        def files(self) -> list[ArtifactFile]:
            """Return all files."""

    @property
    def project(self) -> str:
        """The project it was logged to; empty before that."""
        return self.source.get("project", "")

    @property
    def entity(self) -> str:
        """Empty: projects belong to the organization of the server."""
        return ""

    @property
    def qualified_name(self) -> str:
        """`project/name:version`."""
        return f"{self.project}/{self.name}" if self.project else self.name

    @property
    def id(self) -> str | None:
        """The digest of a version that was logged, None before that."""
        return None if self.is_draft() else self.digest

    @property
    def state(self) -> str:
        """`PENDING` until it is read back, `COMMITTED` then."""
        return "PENDING" if self.is_draft() else "COMMITTED"

    source_name = property(lambda self: self.name)
    source_version = property(lambda self: self.version)
    source_project = property(lambda self: self.project)
    source_entity = property(lambda self: self.entity)
    source_qualified_name = property(lambda self: self.qualified_name)

    @property
    def manifest(self) -> Any:
        """An object whose `entries` are the files by name."""
        return SimpleNamespace(entries=MappingProxyType({file.path: file for file in self.files()}))

    def is_draft(self) -> bool:
        """Tell whether it was made here, and not read back."""
        return self.version is None

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Log it to the current run, or to one that is begun and ended for it."""
        from pluto.compat.wandb_init import current, init

        run = current()
        if run is not None:
            run.log_artifact(self)  # type: ignore[arg-type]  # the whole artifact
            return
        with init(project=project, settings=settings, job_type="auto") as own:
            own.log_artifact(self)  # type: ignore[arg-type]

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Self:
        """Log it once more, with the path of a registry (which Pluto has not) as a tag."""
        self.tags = list(dict.fromkeys([*self.tags, target_path]))
        self.aliases = list(dict.fromkeys([*self.aliases, *(aliases or ())]))
        self.save()
        return self

    def logged_by(self) -> ApiRun | None:
        """Return the run that logged it; None before that."""
        from pluto.compat.wandb_api import Api

        run = self.source.get("run")
        return Api().run(f"{self.project}/{run}") if run else None

    def used_by(self) -> list[ApiRun]:
        """Return the runs of its project that have used it, the oldest first."""
        from pluto.compat.wandb_api import Api

        if self.is_draft():
            raise Error("used_by() takes an artifact that use_artifact() has returned")
        runs = Api().runs(self.project)
        return [run for run in runs if self.name in run.used_names]
