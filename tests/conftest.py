"""What every test gets: a machine without keys, settings, runs or anybody's home directory."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

if TYPE_CHECKING:
    from tests.server_process import RunningServer

REPOSITORY = Path(__file__).resolve().parent.parent

# Where a setting, a scheduler, a launcher or a proxy of the machine could leak into a test.
LEAKING_PREFIXES = ("PLUTO_", "MLOP_", "SLURM_", "TORCHELASTIC_", "OMPI_", "PMI_", "XDG_")
LEAKING_NAMES = frozenset(
    [
        "RANK",
        "LOCAL_RANK",
        "WORLD_SIZE",
        "LOCAL_WORLD_SIZE",
        "NODE_RANK",
        "GROUP_RANK",
        "MASTER_ADDR",
        "MASTER_PORT",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ]
)

# Under nohup a hang-up is ignored, in a background job of a shell Ctrl-C: and so they would be by
# every process that a test starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "dev",
    max_examples=20,
    stateful_step_count=15,
    deadline=None,  # two busy cores: slow is not wrong
    database=DirectoryBasedExampleDatabase(REPOSITORY / ".hypothesis"),
)
settings.register_profile(
    "ci",
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def clean_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An empty home, an empty working directory (`tmp_path`), no keyring, no settings around.

    Child processes inherit all of it through the environment.
    """
    for name in list(os.environ):
        if name.startswith(LEAKING_PREFIXES) or name.upper() in LEAKING_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)


def _installed(path: Path | str | None, what: str) -> Path:
    """A test may be skipped on a laptop for want of `what`; in CI nothing is skipped silently."""
    if path and Path(path).exists():
        return Path(path)
    message = f"{what} is not installed: 'make test' installs it"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningServer"]:
    """A `pluto server` of its own for a module."""
    from tests.server_process import running_server  # which needs REPOSITORY

    home = tmp_path_factory.mktemp("home")
    with running_server(home / "data", home=home) as running:
        yield running


@pytest.fixture(scope="session")
def upstream_python() -> Path:
    """The interpreter of an environment that has the published client `pluto-ml`."""
    return _installed(REPOSITORY / ".venv-upstream" / "bin" / "python", "the published client")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser for the tests of the dashboard."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return _installed(next(filter(None, map(shutil.which, names)), None), "Chromium")
