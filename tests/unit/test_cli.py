"""The command line without a server: help, versions, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import pluto
from pluto.cli.main import COMMANDS, commands, run


def test_without_a_command_there_is_help_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([]) == 1
    assert "Usage: pluto" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_the_version_is_printed_alone(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([option]) == 0
    assert capsys.readouterr().out == f"{pluto.__version__}\n"


@pytest.mark.parametrize("option", ["-c", "--commit"])
def test_the_commit_is_a_hash_or_unknown(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([option]) == 0
    shown = capsys.readouterr().out.strip().removesuffix("-dirty")
    assert shown == "unknown" or (len(shown) == 40 and int(shown, 16))


@pytest.mark.parametrize("arguments", [["nope"], ["sync", "--nope"], ["sync", "--timeout", "x"]])
def test_what_is_not_understood_has_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(commands, [command, "--help"])
    assert shown.exit_code == 0
    assert commands.get_command(None, command).get_short_help_str()  # type: ignore[union-attr, arg-type]


def test_help_needs_no_server_and_no_network_library() -> None:
    code = (
        "import sys; from pluto.cli.main import run; run(['--help']);"
        "print(sorted({'httpx', 'granian', 'starlette', 'keyring'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mistake_of_the_user_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_URL", "myhost")
    assert run(["whoami"]) == 1
    error = capsys.readouterr().err
    assert "environment variable PLUTO_URL needs the form https://name" in error
    assert "Traceback" not in error


def test_login_without_a_key_and_a_terminal_says_what_to_do_and_fails() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pluto", "login"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PLUTO_API_KEY" in done.stderr


def test_logout_twice_is_no_error() -> None:
    assert run(["logout"]) == 0
    assert run(["logout"]) == 0


def test_whoami_without_a_server_says_where_runs_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["whoami"]) == 1
    assert "stay on this machine" in capsys.readouterr().out
    assert run(["whoami", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["server"] is None


def test_a_server_without_keys_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["server", "--data", str(tmp_path), "key", "list"]) == 0
    assert "pluto server key create NAME" in capsys.readouterr().err


def test_doctor_is_content_with_an_empty_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    assert "PROBLEM" not in capsys.readouterr().out


def test_doctor_names_the_fix_for_a_directory_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLUTO_DIR", str(tmp_path / "missing"))
    assert run(["doctor"]) == 1
    assert "PLUTO_DIR" in capsys.readouterr().out


def test_doctor_tells_of_a_server_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--url", "http://127.0.0.1:9"]) == 1
    assert "PROBLEM runs go to http://127.0.0.1:9" in capsys.readouterr().out


def test_sync_of_an_empty_directory_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", str(tmp_path)]) == 0
    assert "no runs found" in capsys.readouterr().out


@pytest.mark.parametrize(("path", "says"), [("sync.db", "is no run"), ("x/run.db", "is no run")])
def test_sync_of_something_else_than_a_run_is_refused(
    path: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--path", path]) == 1
    assert says in capsys.readouterr().err


def test_mlop_is_the_same_command_after_a_warning() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-m", "mlop", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{pluto.__version__}\n"
    assert "The command 'mlop' is now called 'pluto'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["snyc"], "try 'pluto sync'"),
        (["list"], "try 'pluto runs list'"),
        (["xyzzy"], "try 'pluto --help'"),
        (["query"], 'pluto query --sql "SELECT'),
        (["clean"], "pluto clean --older-than 30d"),
    ],
)
def test_who_does_not_know_what_to_say_is_told(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert hint in capsys.readouterr().err
