"""What neptune_scale keeps of the source code: the commit, the command, files and diffs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat.neptune_files import BytesFile
from pluto.probes.git import Repository
from pluto.redact import Redactor

_FIELDS: Final = ("commit_id", "author_name", "author_email", "commit_date", "message")


@dataclass
class SourceTrackingConfig:
    """What to keep of the source code.

    Attributes:
        namespace: before the paths of its attributes.
        repository: the git repository; that of the working directory by default.
        upload_run_command: the command line.
        upload_entry_point: the script as a file.
        upload_diff_head: changes since the last commit.
        upload_diff_upstream: changes since the upstream branch.
    """

    namespace: str = "source_code"
    repository: str | os.PathLike[str] | None = None
    upload_run_command: bool = True
    upload_entry_point: bool = False
    upload_diff_head: bool = False
    upload_diff_upstream: bool = False


def source_attributes(config: SourceTrackingConfig) -> tuple[dict[str, Any], dict[str, pluto.File]]:
    """Return the single values and the files to keep; both are empty outside of git."""
    git = Repository(Path(config.repository or "."))
    commit = git.ask("log", "-1", "--format=%H%n%an%n%ae%n%cI%n%B")
    if commit is None:
        return {}, {}
    about: dict[str, Any] = dict(zip(_FIELDS, commit.split("\n", 4), strict=False))
    about["commit_date"] = datetime.fromisoformat(about["commit_date"])
    values: dict[str, Any] = {f"commit/{key}": value for key, value in about.items()}
    values["branch"] = git.ask("symbolic-ref", "--short", "HEAD") or "Detached HEAD"
    values["dirty"] = bool(git.ask("status", "--porcelain", "--untracked-files=no"))
    for remote in (git.ask("remote") or "").split():
        values[f"remote/{remote}"] = git.ask("config", f"remote.{remote}.url") or ""
    if config.upload_run_command:
        values["run_command"] = " ".join(sys.orig_argv)
    return _below(config.namespace, values), _below(config.namespace, _files(config, git))


def _files(config: SourceTrackingConfig, git: Repository) -> dict[str, pluto.File]:
    found: dict[str, pluto.File] = {}
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if config.upload_entry_point and script and Path(script).is_file():
        found["entry_point"] = pluto.File(script)
    if config.upload_diff_head:
        found.update(_patch("diff/head", git.diff("HEAD")))
    if config.upload_diff_upstream:
        upstream = git.ask("rev-parse", "--verify", "@{upstream}")
        if upstream is not None:
            found.update(_patch(f"diff/{upstream}", git.diff(upstream)))
    return found


def _patch(path: str, text: str | None) -> dict[str, pluto.File]:
    if not text:
        return {}
    return {path: BytesFile(f"{Redactor().text(text)}\n".encode(), ".patch", "diff")}


def _below(namespace: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{namespace}/{path}": value for path, value in values.items()}
