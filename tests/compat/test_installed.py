"""In CI the hooks are tested with the frameworks that requirements.txt pins, none is skipped."""

import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import REPOSITORY

LINES = (Path(__file__).parent / "requirements.txt").read_text("utf-8").splitlines()
REQUIREMENTS = [Requirement(line) for line in LINES if not line.startswith("#")]
WANTED = {
    requirement.name: str(requirement.specifier).removeprefix("==")
    for requirement in REQUIREMENTS
    if requirement.marker is None or requirement.marker.evaluate()
}


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def test_every_framework_is_pinned_to_one_version() -> None:
    specifiers = [str(requirement.specifier) for requirement in REQUIREMENTS]
    assert [text for text in specifiers if not text.startswith("==") or "," in text] == []


@pytest.mark.skipif("CI" not in os.environ, reason="a laptop may lack frameworks, CI may not")
def test_in_ci_every_framework_is_there_in_its_pinned_version() -> None:
    assert {name: installed(name) for name in WANTED} == WANTED


def test_the_oldest_versions_are_those_of_the_page() -> None:
    page = (REPOSITORY / "docs" / "frameworks.md").read_text("utf-8")
    oldest = dict(re.findall(r"^\| `([\w-]+)`[^|]*\| [\d.]+ \| ([\d.]+) \|", page, re.MULTILINE))
    pins = (Path(__file__).parent / "oldest.txt").read_text("utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", pins, re.MULTILINE))
    assert {"lightning", "transformers", "accelerate", "wandb", "tensorboard"} <= pinned.keys()
    assert {name: pinned.get(name) for name in oldest} == oldest


def test_the_page_of_frameworks_names_the_versions_that_are_tested() -> None:
    page = (REPOSITORY / "docs" / "frameworks.md").read_text("utf-8")
    newest = dict(re.findall(r"^\| `([\w-]+)`[^|]*\| ([\d.]+) \|", page, re.MULTILINE))
    pinned = {each.name: str(each.specifier)[2:].partition("+")[0] for each in REQUIREMENTS}
    assert {"torch", "lightning", "transformers", "wandb"} <= newest.keys()
    assert newest == {name: pinned[name] for name in newest}
