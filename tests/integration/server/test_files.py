"""Logged files over the wire: announced, uploaded, given out."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.server_process import RunningServer

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 1000


class Run:
    """A run on a server, and the calls that a client makes for its files."""

    def __init__(self, client: httpx.Client, project: str) -> None:
        body = {"runName": "r", "projectName": project}
        self.id = client.post("/api/runs/create", json=body).json()["runId"]
        self.client = client
        self.project = project
        self.headers = {"X-Run-Id": str(self.id), "X-Project-Name": project}

    def announce(self, *files: dict[str, Any]) -> httpx.Response:
        return self.client.post("/files", json={"files": list(files)}, headers=self.headers)

    def upload_url(self, **fields: Any) -> str:
        asked = file(**fields)
        answer = self.announce(asked)
        assert answer.status_code == 200, answer.text
        return str(answer.json()[asked["logName"]][0][asked["fileName"]])

    def upload(self, content: bytes, mime: str = "image/png", **fields: Any) -> httpx.Response:
        url = self.upload_url(**fields)
        return httpx.put(url, content=content, headers={"Content-Type": mime})

    def files(self, **query: Any) -> list[dict[str, Any]]:
        query = {"runId": self.id, "projectName": self.project, **query}
        found: list[dict[str, Any]] = self.client.get("/api/runs/files", params=query).json()[
            "files"
        ]
        return found


def file(**fields: Any) -> dict[str, Any]:
    return {
        "fileName": "cat.png",
        "logName": "val/img",
        "fileSize": len(PNG),
        "fileType": "png",
        "step": 3,
        "time": 1_767_225_601_000,
        **fields,
    }


_projects = (f"files-{number}" for number in itertools.count())


@pytest.fixture
def run(server: RunningServer) -> Iterator[Run]:
    with server.client() as client:
        yield Run(client, next(_projects))


def test_a_file_goes_up_and_comes_down_again(run: Run) -> None:
    sent = run.upload(PNG, caption="a cat", annotations='{"boxes": {}}')
    (row,) = run.files()
    got = httpx.get(row["url"])

    assert sent.status_code == 200
    assert got.content == PNG
    assert got.headers["content-type"] == "image/png"
    assert got.headers["etag"] == f'"{hashlib.sha256(PNG).hexdigest()}"'
    assert (row["fileName"], row["logName"], row["logGroup"]) == ("cat.png", "val/img", "val")
    assert (row["fileSize"], row["step"], row["caption"]) == (len(PNG), 3, "a cat")
    assert row["annotations"] == '{"boxes": {}}'


def test_announced_files_are_answered_by_log_name_in_order(run: Run) -> None:
    answer = run.announce(
        file(logName="a", fileName="2.png"),
        file(logName="b", fileName="1.png"),
        file(logName="a", fileName="1.png", fileType={"custom": "mask"}),
    ).json()

    assert {name: [list(each) for each in files] for name, files in answer.items()} == {
        "a": [["2.png"], ["1.png"]],
        "b": [["1.png"]],
    }


def test_a_file_whose_bytes_never_came_is_listed_and_answers_404(run: Run) -> None:
    run.announce(file())
    (row,) = run.files()
    got = httpx.get(row["url"])

    assert row["fileName"] == "cat.png"
    assert (got.status_code, got.text) == (404, "The bytes of this file never arrived.\n")


def test_announcing_and_uploading_twice_makes_one_row(run: Run) -> None:
    for _ in range(2):
        assert run.upload(PNG).status_code == 200
    run.announce(file())

    assert len(run.files()) == 1


def test_steps_and_samples_of_one_name_keep_their_own_bytes(run: Run) -> None:
    places = [(1, 0), (1, 1), (2, 0)]
    for step, sample in places:
        run.upload(b"%d-%d" % (step, sample), step=step, sampleIndex=sample)

    contents = [httpx.get(row["url"]).content for row in run.files()]

    assert contents == [b"1-0", b"1-1", b"2-0"]


def test_bytes_that_change_replace_those_before(run: Run) -> None:
    url = run.upload_url()
    for content in (b"one", b"two"):
        assert httpx.put(url, content=content).status_code == 200

    (row,) = run.files()
    assert (httpx.get(row["url"]).content, row["fileSize"]) == (b"two", 3)


@pytest.mark.parametrize("name", ["a/b/../../c.txt", "..", "é🚀" * 150 + ".txt", "a b?&#%.txt", ""])
def test_any_file_name_is_safe_and_read_back_as_given(run: Run, name: str) -> None:
    assert run.upload(b"x", "text/plain", fileName=name, logName=name or "log").status_code == 200

    (row,) = run.files()
    got = httpx.get(row["url"])
    assert (row["fileName"], got.content, got.status_code) == (name, b"x", 200)


def test_a_large_body_is_streamed_and_hashed(run: Run, server: RunningServer) -> None:
    piece = bytes(range(256)) * 4096

    def pieces() -> Iterator[bytes]:
        for _ in range(16):
            yield piece

    url = run.upload_url(fileName="big.bin")
    assert httpx.put(url, content=pieces()).status_code == 200

    (row,) = run.files()
    digest = hashlib.sha256(piece * 16).hexdigest()
    assert httpx.head(row["url"]).headers["etag"] == f'"{digest}"'
    blobs = [path.name for path in server.data.glob(f"runs/*/{run.id}/files/*/*")]
    assert blobs == [digest]


def test_parts_of_a_file_are_given_on_demand(run: Run) -> None:
    run.upload(b"0123456789", "video/mp4", fileName="v.mp4")
    url = run.files()[0]["url"]

    part = httpx.get(url, headers={"Range": "bytes=2-4"})
    beyond = httpx.get(url, headers={"Range": "bytes=50-60"})
    etag = httpx.get(url).headers["etag"]
    known = httpx.get(url, headers={"If-None-Match": etag})

    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert beyond.status_code == 416
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "mime", "shown_as", "disposition"),
    [
        ("a.png", "image/png", "image/png", "inline"),
        ("a.svg", "image/svg+xml", "image/svg+xml", "inline"),
        ("a.html", "text/html", "text/html; charset=utf-8", "inline"),
        ("a.js", "text/javascript", "text/plain; charset=utf-8", "inline"),
        ("a.txt", "", "text/plain; charset=utf-8", "inline"),
        ("a.bin", "application/octet-stream", "application/octet-stream", "attachment"),
        ("a.pdf", "application/pdf", "application/octet-stream", "attachment"),
        ("a.zip", "nonsense", "application/octet-stream", "attachment"),
    ],
)
def test_files_cannot_run_anything_in_the_dashboard(
    run: Run, name: str, mime: str, shown_as: str, disposition: str
) -> None:
    run.upload(b"<script>alert(1)</script>", mime, fileName=name, fileType="")

    got = httpx.get(run.files()[0]["url"])

    assert got.headers["content-type"] == shown_as
    assert got.headers["content-disposition"].partition(";")[0] == disposition
    assert got.headers["content-security-policy"].startswith("sandbox;")
    assert got.headers["x-content-type-options"] == "nosniff"


def test_a_signature_is_good_for_its_method_and_address_only(run: Run) -> None:
    put = run.upload_url()
    httpx.put(put, content=PNG)
    got = run.files()[0]["url"]
    other = run.upload_url(fileName="other.png")

    refused = [
        httpx.get(put),
        httpx.put(got, content=b"x"),
        httpx.put(put.replace("sig=", "sig=0"), content=b"x"),
        httpx.put(put.replace("exp=", "exp=9"), content=b"x"),
        httpx.put(put.partition("?")[0] + "?" + other.partition("?")[2], content=b"x"),
        httpx.put(put.partition("?")[0], content=b"x"),
        httpx.get(got.replace("type=image%2Fpng", "type=text%2Fhtml")),
    ]

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert "ask for a new one" in refused[0].text


def test_a_key_opens_a_file_whose_link_is_too_old(run: Run) -> None:
    run.upload(PNG)
    path = run.files()[0]["url"].partition("?")[0]

    assert httpx.get(path).status_code == 403
    assert run.client.get(path).content == PNG


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{broken", "application/json", 400),
        (b'{"files": [{"fileName": "a"}]}', "application/json", 422),
        (b'{"files": []}', "text/plain", 415),
        (b" " * (17 << 20), "application/json", 413),
    ],
)
def test_an_announcement_of_the_wrong_form_is_refused(
    run: Run, content: bytes, content_type: str, status: int
) -> None:
    headers = {**run.headers, "Content-Type": content_type}

    assert run.client.post("/files", content=content, headers=headers).status_code == status


@pytest.mark.parametrize("run_id", [None, "x", "999999"])
def test_files_of_no_run_are_refused(run: Run, run_id: str | None) -> None:
    headers = {"X-Project-Name": "p"} | ({"X-Run-Id": run_id} if run_id else {})
    answer = run.client.post("/files", json={"files": []}, headers=headers)

    assert answer.status_code == 400
    assert "X-Run-Id" in answer.json()["message"]


def test_files_need_the_name_of_a_project_as_rows_do(run: Run) -> None:
    answer = run.client.post("/files", json={"files": []}, headers={"X-Run-Id": str(run.id)})

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "INVALID_HEADER_FORMAT",
        "message": "Missing required header: X-Project-Name",
    }


def test_links_lead_to_where_the_caller_came_from(run: Run) -> None:
    headers = {**run.headers, "Host": "localhost:1234"}
    answer = run.client.post("/files", json={"files": [file()]}, headers=headers).json()

    assert answer["val/img"][0]["cat.png"].startswith("http://localhost:1234/o/blob/")
