"""A run on a server and the calls that a client makes for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from pluto.server.ports import free_port
from tests.conftest import REPOSITORY

SERVE_AGAIN = Path(__file__).with_name("serve_again.py")

Body = dict[str, Any]

GOOD = b'{"time": 1, "step": 1, "data": {"loss": 0.5}}'
LOG = {"time": 1, "message": "hi", "lineNumber": 1, "logType": "INFO"}
DATA = {"time": 1, "step": 1, "data": "{}", "dataType": "TABLE", "logName": "t"}


class Run:
    """A run on a server, and the calls that a client makes for it."""

    def __init__(self, client: httpx.Client, project: str, **fields: Any) -> None:
        body = {"runName": "r", "projectName": project, **fields}
        self.id = client.post("/api/runs/create", json=body).json()["runId"]
        self.client = client
        self.project = project
        self.headers = {"X-Run-Id": str(self.id), "X-Project-Name": "any"}

    def send(self, stream: str, body: Any, rows: str | None = None) -> httpx.Response:
        headers = self.headers | ({"X-Pluto-Rows": rows} if rows else {})
        return self.client.post(f"/ingest/{stream}", content=body, headers=headers)

    def read(self, what: str, **parameters: Any) -> Any:
        query = {"runId": self.id, "projectName": self.project, **parameters}
        answer = self.client.get(f"/api/runs/{what}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def raw(self, name: str) -> list[tuple[int, float]]:
        rows = self.read("metrics/raw", logName=name)["rows"]
        return [(int(row["step"]), row["value"]) for row in rows]

    def messages(self) -> list[str]:
        return [line["message"] for line in self.read("logs")["logs"]]

    def data(self, name: str) -> list[Any]:
        answer = self.client.get(f"/api/ui/runs/{self.id}/data", params={"name": name})
        return [point["data"] for point in answer.json()["points"]]


def lines(*rows: Any) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)


def metric_lines(first: int, stop: int, name: str = "loss") -> bytes:
    return lines(
        *({"time": step, "step": step, "data": {name: float(step)}} for step in range(first, stop))
    )


def post(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(f"/api/runs/{path}", json=body)
    return answer.status_code, answer.json()


def details(client: httpx.Client, run: Body) -> Body:
    found: Body = client.get(f"/api/runs/details/{run['runId']}").json()
    return found


def history(client: httpx.Client, run: Body) -> list[tuple[str | None, str, str]]:
    answer = client.get("/api/runs/status/history", params={"runId": run["runId"]}).json()
    return [(event["fromStatus"], event["toStatus"], event["source"]) for event in answer["events"]]


class ServerProcess:
    """A server that is killed and comes again under the same address."""

    def __init__(self, data: Path) -> None:
        port = free_port("127.0.0.1", range(0))
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, str(SERVE_AGAIN), str(data), str(port)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        self._tell("ready")

    def kill(self) -> None:
        self._tell("killed")

    def close(self) -> None:
        """End it in order."""
        self._process.communicate(timeout=30)

    def _tell(self, answer: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == answer
