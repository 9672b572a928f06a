"""Alerts that go to a chat instead of a server."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import pluto

QUIET = {"disable_system_metrics": True, "disable_console": True}


class Chat:
    """A webhook on loopback that keeps what was posted to it."""

    def __init__(self, status: int) -> None:
        self.posted: list[Any] = []
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                chat.posted.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T00/secret"


@pytest.fixture
def chat(request: pytest.FixtureRequest) -> Iterator[Chat]:
    made = Chat(getattr(request, "param", 200))
    thread = Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_an_alert_of_a_local_run_goes_to_the_webhook_of_the_settings(
    tmp_path: Path, chat: Chat
) -> None:
    with pluto.init(dir=tmp_path, settings={**QUIET, "url_webhook": chat.url}) as run:
        run.alert("the loss is NaN", title="careful", level="WARN")
    assert chat.posted == [{"text": "[WARNING] careful: the loss is NaN"}]


def test_an_alert_that_is_not_remote_goes_to_its_own_webhook(tmp_path: Path, chat: Chat) -> None:
    with pluto.init(dir=tmp_path, settings=QUIET) as run:
        run.alert("one", remote=False, url=chat.url)
        run.alert("two", remote=False, url=chat.url)
    assert [each["text"] for each in chat.posted] == ["[INFO] pluto: one", "[INFO] pluto: two"]


def test_the_end_of_the_run_does_not_wait_for_the_time_of_an_alert(
    tmp_path: Path, chat: Chat
) -> None:
    began = time.monotonic()
    with pluto.init(dir=tmp_path, settings={**QUIET, "url_webhook": chat.url}) as run:
        run.alert("later", wait=3600)
        assert chat.posted == []
    assert time.monotonic() - began < 60
    assert chat.posted == [{"text": "[INFO] pluto: later"}]


@pytest.mark.parametrize("chat", [404], indirect=True)
def test_a_webhook_that_refuses_is_told_without_its_secret_address(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    with pluto.init(dir=tmp_path, settings={**QUIET, "url_webhook": chat.url}) as run:
        run.alert("one")
        run.alert("two", remote=False, url="http://127.0.0.1:9/services/secret")
    assert "refused by 127.0.0.1: HTTP 404" in caplog.text
    assert "not posted to 127.0.0.1: ConnectError" in caplog.text
    assert "secret" not in caplog.text
    for path in Path(run.dir).rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()
