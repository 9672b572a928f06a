"""What a server says on a small disk that is filled up and emptied again, as JSON.

usage: full_disk_story.py REPOSITORY DIRECTORY
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

from tests.integration.server.harness import LOG, Run, lines, metric_lines
from tests.security.conftest import upload
from tests.server_process import running_server

disk = Path(sys.argv[2])
CONSOLE = lines(*[LOG] * 2000)


def fill() -> None:
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(bytes(size))


def announced(count: int) -> dict[str, Any]:
    file = {"logName": "b", "fileSize": 1, "fileType": "b", "step": 1, "time": 1}
    return {"files": [{**file, "fileName": f"{number}" * 50} for number in range(count)]}


def main() -> None:
    told: dict[str, Any] = {}
    with running_server(disk / "data", home=disk) as server, server.client() as client:
        run = Run(client, "small")
        new_run = {"runName": "x", "projectName": "small", "config": json.dumps({"x": "y" * 10**5})}

        def send(first: int) -> int:
            rows = metric_lines(first, first + 1000)
            return run.send("metrics", rows, f"w/metrics/{first}").status_code

        def create() -> int:
            return client.post("/api/runs/create", json=new_run).status_code

        upload(run, b"kept", "a.txt", "text/plain")
        fill()
        rows, console = 0, 0
        while (status := send(rows)) == 200:
            rows += 1000
        while (refused := run.send("logs", CONSOLE, f"w/logs/{console}")).status_code == 200:
            console += 2000
        told["metrics"] = status
        told["console"], told["reason"] = refused.status_code, refused.json()["message"]
        files = client.post("/files", json=announced(2000), headers=run.headers)
        told["files"], told["create"] = files.status_code, create()
        told["kept"] = [step for step, _ in run.raw("loss")] == list(range(rows))
        (file,) = run.read("files", logName="file")["files"]
        told["file"] = client.get(file["url"]).text
        told["page"] = client.get("/api/ui/runs", params={"project": "small"}).status_code
        (disk / "ballast").unlink()
        told["again"] = [
            send(rows),
            run.send("logs", CONSOLE, f"w/logs/{console}").status_code,
            client.post("/files", json=announced(9), headers=run.headers).status_code,
            create(),
        ]
        told["whole"] = [step for step, _ in run.raw("loss")] == list(range(rows + 1000))
    print(json.dumps(told))


main()
