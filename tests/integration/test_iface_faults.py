"""The interface against servers that fail, lie or hang: what is retried, what is given up, when."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pluto.addresses import one_origin
from pluto.errors import AuthError, PlutoError, Rejected, RetryLater
from pluto.iface import ServerInterface
from pluto.record import Rows, RunInfo
from pluto.sets import setup
from tests.fault_server import (
    UNREACHED,
    Connection,
    Fault,
    RawServer,
    Request,
    fault_server,
    raw_server,
)

Answer = tuple[int, object] | tuple[int, object, dict[str, str]]
CREATED = {"runId": 7, "url": "http://x/7", "displayId": "D-7", "projectName": "digits"}
A_RUN = RunInfo(uid="uid0", project="digits", name="one", created_at=1)


@pytest.fixture
def connect() -> Iterator[Callable[..., ServerInterface]]:
    made: list[ServerInterface] = []

    def connected(url: str, **settings: Any) -> ServerInterface:
        made.append(ServerInterface(one_origin(url), "mlps_A", setup(settings)))
        return made[-1]

    yield connected
    for interface in made:
        interface.close()


class Script:
    """A server that answers by path: each path has a list of answers, the last one for ever."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {"create": [(200, CREATED)], **answers}
        self.requests: list[Request] = []

    def __call__(self, connection: Connection) -> None:
        while True:
            request = connection.request()
            self.requests.append(request)
            name = request.path.rpartition("/")[2]
            left = self.answers[name]
            status, body, *more = left.pop(0) if len(left) > 1 else left[0]
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.answer(status, content, **(more[0] if more else {}))

    def bodies(self, name: str) -> list[bytes]:
        return [each.body for each in self.requests if each.path.endswith(name)]


Opened = Callable[[Script], tuple[ServerInterface, RawServer]]


@pytest.fixture
def opened(connect: Callable[..., ServerInterface]) -> Iterator[Opened]:
    with ExitStack() as servers:

        def serve(script: Script) -> tuple[ServerInterface, RawServer]:
            server = servers.enter_context(raw_server(script))
            interface = connect(server.url)
            interface.open(A_RUN)
            return interface, server

        yield serve


def metric_lines(count: int, padding: int = 0) -> list[bytes]:
    name = "x" * padding or "loss"
    return [
        json.dumps({"time": 1, "step": step, "data": {name: 1}}).encode() for step in range(count)
    ]


def wrapped(code: str, text: str) -> dict[str, str]:
    message = f"Failed to process metrics stream: {code}: {text}"
    return {"code": "PROCESSING_FAILED", "message": message}


@pytest.mark.parametrize("fault", UNREACHED)
def test_bad_luck_is_worth_another_try_and_ends_in_time(
    fault: Fault, connect: Callable[..., ServerInterface]
) -> None:
    with fault_server(fault) as url:
        interface = connect(url, x_file_stream_timeout_seconds=1.5)
        started = time.monotonic()
        with pytest.raises(RetryLater) as failed:
            interface.open(A_RUN)
        assert time.monotonic() - started < 10
        assert 0 < failed.value.after <= 60


@pytest.mark.parametrize("fault", ["black_hole", "silent", "slow", "drip"])
def test_no_request_outlives_the_deadline_of_finish(
    fault: Fault, connect: Callable[..., ServerInterface]
) -> None:
    with fault_server(fault) as url:
        interface = connect(url)
        interface.shorten(time.monotonic() + 1)
        started = time.monotonic()
        with pytest.raises(RetryLater):
            interface.open(A_RUN)
        assert time.monotonic() - started < 5
        interface.shorten(time.monotonic())
        with pytest.raises(RetryLater, match="no time left"):
            interface.open(A_RUN)


@pytest.mark.parametrize("fault", ["silent", "drip"])
def test_closing_ends_the_request_that_another_thread_waits_for(
    fault: Fault, connect: Callable[..., ServerInterface]
) -> None:
    errors: list[BaseException] = []

    def ask(interface: ServerInterface) -> None:
        try:
            interface.open(A_RUN)
        except PlutoError as error:
            errors.append(error)

    with fault_server(fault) as url:
        interface = connect(url)
        thread = threading.Thread(target=ask, args=(interface,))
        thread.start()
        time.sleep(0.5)
        interface.close()
        interface.close()
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(errors[0], RetryLater)


def test_a_refused_key_is_no_bad_luck(connect: Callable[..., ServerInterface]) -> None:
    with fault_server("401") as url, pytest.raises(AuthError, match="API key has expired"):
        connect(url).open(A_RUN)


def test_a_redirect_is_told_and_the_key_does_not_follow_it(
    connect: Callable[..., ServerInterface],
) -> None:
    target, source = Script(), Script()
    with raw_server(target) as other, raw_server(source) as server:
        source.answers["create"] = [(302, {}, {"location": f"{other.url}/api/runs/create"})]
        with pytest.raises(RetryLater, match=other.url):
            connect(server.url).open(A_RUN)
    assert target.requests == []


def test_a_page_of_somebody_else_is_not_taken_for_acceptance(opened: Opened) -> None:
    page = (200, b"<html>please sign in</html>", {"content_type": "text/html; charset=utf-8"})
    interface, _ = opened(Script(metrics=[page]))
    with pytest.raises(RetryLater, match="web page"):
        interface.send(Rows("metrics", 0, metric_lines(3)))


def test_an_address_without_a_pluto_server_is_told(connect: Callable[..., ServerInterface]) -> None:
    script = Script(create=[(404, b"404 page not found", {"content_type": "text/plain"})])
    with raw_server(script) as server, pytest.raises(RetryLater, match="is there a Pluto server"):
        connect(server.url).open(A_RUN)


@pytest.mark.parametrize("answer", [[], {"runId": "x", "url": "y"}, {"runId": 1}, b"{"])
def test_a_nonsense_answer_is_no_run(answer: Any, connect: Callable[..., ServerInterface]) -> None:
    with (
        raw_server(Script(create=[(200, answer)])) as server,
        pytest.raises(RetryLater),
    ):
        connect(server.url).open(A_RUN)


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("3", 3, 3),
        ("100000", 300, 300),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 300, 300),
        ("soon", 0.2, 1),
    ],
)
def test_the_pause_that_a_server_asks_for_is_kept(
    asked: str, least: float, most: float, opened: Opened
) -> None:
    interface, _ = opened(Script(metrics=[(429, {}, {"retry_after": asked})]))
    with pytest.raises(RetryLater) as failed:
        interface.send(Rows("metrics", 0, metric_lines(1)))
    assert least <= failed.value.after <= most


def test_pauses_grow_while_a_server_fails_and_start_again_after_a_success(opened: Opened) -> None:
    interface, _ = opened(Script(metrics=[*[(503, {})] * 9, (200, {}), (503, {})]))

    def pause(number: int) -> float:
        try:
            interface.send(Rows("metrics", number, metric_lines(1)))
        except RetryLater as failed:
            return failed.after
        return 0.0

    pauses = [pause(number) for number in range(11)]
    assert pauses[8] > pauses[0]
    assert max(pauses) <= 60
    assert pauses[9] == 0
    assert pauses[10] <= 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, wrapped("TokenExpired (1005 - Authentication Error)", "expired"), AuthError),
        (422, wrapped("DatabaseError (4001 - Database Error)", "down"), RetryLater),
        (422, wrapped("ServiceOverloaded (5006 - System Error)", "busy"), RetryLater),
        (422, wrapped("InvalidMetricFormat (2005 - Validation Error)", "empty"), Rejected),
        (400, {"error": "Organization is at limit"}, Rejected),
        (404, {"error": "Run not found"}, Rejected),
        (413, b"too large", Rejected),
        (408, {}, RetryLater),
        (502, b"<html>bad gateway</html>", RetryLater),
    ],
)
def test_what_an_answer_to_rows_means(status: int, body: Any, kind: type, opened: Opened) -> None:
    interface, _ = opened(Script(metrics=[(status, body)]))
    with pytest.raises(kind):
        interface.send(Rows("metrics", 0, metric_lines(2)))


def test_rows_before_a_refused_one_are_not_sent_again(opened: Opened) -> None:
    rows = metric_lines(10)
    code = "StreamDecodingError (3004 - Processing Error)"
    text = f"Failed to parse JSON line (bytes): '{rows[4].decode()}': oops"
    interface, _ = opened(script := Script(metrics=[(422, wrapped(code, text)), (200, {})]))
    with pytest.raises(Rejected, match="oops"):
        interface.send(Rows("metrics", 100, rows))
    interface.send(Rows("metrics", 100, rows[:5]))
    interface.send(Rows("metrics", 105, rows[5:]))
    first, second, third = script.bodies("metrics")
    assert first.splitlines() == rows
    assert second.splitlines() == rows[4:5]
    assert third.splitlines() == rows[5:]


def test_a_batch_goes_in_pieces_and_only_what_is_left_goes_again(opened: Opened) -> None:
    rows = metric_lines(30, padding=100_000)
    interface, _ = opened(script := Script(metrics=[(200, {}), (200, {}), (503, {}), (200, {})]))
    with pytest.raises(RetryLater):
        interface.send(Rows("metrics", 0, rows))
    interface.send(Rows("metrics", 0, rows))
    bodies = script.bodies("metrics")
    assert max(map(len, bodies)) <= 1 << 20
    accepted = b"".join(bodies[:2] + bodies[3:])
    assert accepted.splitlines() == rows
    numbers = [each.headers["x-pluto-rows"] for each in script.requests if b"xxx" in each.body]
    assert numbers == ["uid0/metrics/0", "uid0/metrics/10", "uid0/metrics/20", "uid0/metrics/20"]


def test_every_request_for_rows_names_run_project_and_key(opened: Opened) -> None:
    interface, _ = opened(script := Script(logs=[(200, b"ok", {"content_type": "text/plain"})]))
    interface.send(Rows("console", 0, [b"{}"]))
    headers = script.requests[-1].headers
    assert headers["x-run-id"] == "7"
    assert headers["x-project-name"] == "digits"
    assert headers["authorization"] == "Bearer mlps_A"
    assert headers["content-type"] == "application/x-ndjson"
    assert int(headers["content-length"]) == 3


def test_rows_wait_until_the_run_is_open(connect: Callable[..., ServerInterface]) -> None:
    with pytest.raises(RetryLater, match="not open"):
        connect("http://127.0.0.1:9").send(Rows("metrics", 0, metric_lines(1)))


def test_a_broken_batch_of_facts_goes_on_where_it_broke(opened: Opened) -> None:
    facts = [json.dumps({"fact": "tags", "value": [str(n)]}).encode() for n in range(3)]
    interface, _ = opened(script := Script(update=[(200, {}), (503, {}), (200, {})]))
    with pytest.raises(RetryLater):
        interface.send(Rows("facts", 0, facts))
    interface.send(Rows("facts", 0, facts))
    sent = [json.loads(body)["tags"] for body in script.bodies("update")]
    assert sent == [["0"], ["1"], ["1"], ["2"]]


def test_an_alert_whose_mail_may_have_gone_out_is_not_repeated(opened: Opened) -> None:
    alert = {"fact": "alert", "time": 5, "value": {"title": "t", "body": "b", "url": "http://u"}}
    failure = {"detail": "Failed to send alert: 302: http://u"}
    interface, _ = opened(script := Script(alert=[(500, failure)]))
    with pytest.raises(Rejected):
        interface.send(Rows("facts", 0, [json.dumps(alert).encode()]))
    sent = json.loads(script.bodies("alert")[0])
    assert sent == {
        "runId": 7,
        "alert": {"timestamp": 5, "title": "t", "body": "b http://u", "url": None},
    }


class TestFiles:
    def row(self, path: Path) -> bytes:
        path.write_bytes(b"content")
        row = {"fileName": "a.png", "fileSize": 7, "fileType": "png", "step": 0, "time": 1}
        return json.dumps(
            {**row, "logName": "img", "path": str(path), "mime": "image/png"}
        ).encode()

    def serve(self, opened: Opened, put: list[Answer]) -> tuple[ServerInterface, Script]:
        script = Script(put=put, files=[(200, {})])
        interface, server = opened(script)
        script.answers["files"] = [(200, {"img": [{"a.png": f"{server.url}/put"}]})]
        return interface, script

    def test_only_the_put_is_repeated_and_it_carries_no_key(
        self, opened: Opened, tmp_path: Path
    ) -> None:
        interface, script = self.serve(opened, [(503, {}), (200, b"")])
        row = self.row(tmp_path / "a")
        with pytest.raises(RetryLater):
            interface.send(Rows("files", 0, [row]))
        interface.send(Rows("files", 0, [row]))
        interface.send(Rows("files", 0, [row]))  # it is there already
        paths = [request.path for request in script.requests]
        assert paths == ["/api/runs/create", "/files", "/put", "/put"]
        put = script.requests[-1]
        assert (put.method, put.body) == ("PUT", b"content")
        assert "authorization" not in put.headers
        assert (put.headers["content-length"], put.headers["content-type"]) == ("7", "image/png")

    def test_an_expired_url_is_asked_for_again_but_not_for_ever(
        self, opened: Opened, tmp_path: Path
    ) -> None:
        interface, script = self.serve(opened, [(403, b"<Error>expired</Error>")])
        rows = Rows("files", 0, [self.row(tmp_path / "a")])
        for _ in range(2):
            with pytest.raises(RetryLater, match="expired"):
                interface.send(rows)
        with pytest.raises(Rejected, match="expired"):
            interface.send(rows)
        assert len(script.bodies("files")) == 3

    def test_a_file_that_is_gone_is_given_up(self, opened: Opened, tmp_path: Path) -> None:
        interface, _ = self.serve(opened, [(200, b"")])
        row = self.row(tmp_path / "a")
        (tmp_path / "a").unlink()
        with pytest.raises(Rejected, match="gone"):
            interface.send(Rows("files", 0, [row]))

    def test_an_answer_without_a_url_is_no_decision(self, opened: Opened, tmp_path: Path) -> None:
        interface, script = self.serve(opened, [(200, b"")])
        script.answers["files"] = [(200, {"img": []})]
        with pytest.raises(RetryLater, match="no URL"):
            interface.send(Rows("files", 0, [self.row(tmp_path / "a")]))


def test_a_proxy_gets_what_is_meant_for_other_machines(
    connect: Callable[..., ServerInterface],
) -> None:
    script = Script(slug=[(200, {"organization": {"slug": "acme"}})])
    with raw_server(script) as proxy:
        interface = connect("http://pluto.test", http_proxy=proxy.url)
        assert interface.organization() == "acme"
    assert script.requests[0].path == "http://pluto.test/api/slug"


def test_a_host_without_the_four_ports_is_told_how_to_name_one(
    connect: Callable[..., ServerInterface],
) -> None:
    nobody = "http://[::1]"  # servers of other tests listen on 127.0.0.1
    with pytest.raises(RetryLater, match="set PLUTO_URL=http://NAME:3000"):
        connect(f"{nobody}:3001").organization()
    with pytest.raises(RetryLater, match=r"^((?!PLUTO_URL).)*$"):
        connect(f"{nobody}:9").organization()


def test_a_missing_certificate_file_is_told(
    connect: Callable[..., ServerInterface], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(RetryLater, match="No such file"):
        connect("http://127.0.0.1:9").organization()
