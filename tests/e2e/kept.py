"""Reads back over HTTP what `existing_client_script.py` logged, and compares every value."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.e2e.existing_client_script import PIXELS, PROJECT, STEPS


@dataclass
class Kept:
    """What the server has of the one run."""

    client: httpx.Client
    details: dict[str, Any]

    @classmethod
    def of(cls, client: httpx.Client) -> Kept:
        (run,) = client.get("/api/runs/list", params={"projectName": PROJECT}).json()["runs"]
        return cls(client, client.get(f"/api/runs/details/{run['id']}").json())

    def read(self, what: str, **query: Any) -> Any:
        query |= {"runId": self.details["id"], "projectName": PROJECT}
        answer = self.client.get(f"/api/runs/{what}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, name: str) -> list[tuple[int, float, int]]:
        """Return (step, value, flags) of every write, so that a duplicate would show."""
        raw = self.read("metrics/raw", logName=name)["rows"]
        return [(int(row["step"]), row["value"], row["nonFiniteFlags"]) for row in raw]

    def data(self, name: str) -> list[tuple[int, str, Any]]:
        answer = self.client.get(f"/api/ui/runs/{self.details['id']}/data", params={"name": name})
        return [(point["step"], point["type"], point["data"]) for point in answer.json()["points"]]

    def file(self, name: str) -> tuple[dict[str, Any], bytes]:
        (row,) = self.read("files", logName=name)["files"]
        return row, self.client.get(row["url"]).content


def check_everything(client: httpx.Client) -> None:
    kept = Kept.of(client)
    check_facts(kept.details)
    check_numbers(kept)
    check_structured(kept)
    check_files(kept)
    check_console(kept)


def check_facts(details: dict[str, Any]) -> None:
    assert (details["name"], details["displayId"]) == ("everything", "ECL-1")
    assert details["status"] == "COMPLETED"
    assert sorted(details["tags"]) == ["second", "third"]
    assert details["config"] == {
        "lr": 0.001,
        "layers": [4, 2],
        "optimizer": {"name": "adam", "eps": 1e-6},
        "seed": 3,
    }
    assert details["systemMetadata"]["process"]["pid"] > 0
    types = {name["logName"]: name["logType"] for name in details["logNames"]}
    expected = {
        "train/loss": "METRIC",
        "phase": "DATA",
        "weights": "HISTOGRAM",
        "confusion": "TABLE",
        "sample": "IMAGE",
        "notes": "TEXT",
    }
    assert expected.items() <= types.items()


def check_numbers(kept: Kept) -> None:
    assert kept.rows("train/loss") == [(step, 1 / (step + 1), 0) for step in range(STEPS)]
    assert kept.rows("val/acc") == [(step, step / STEPS, 0) for step in range(STEPS)]
    flags = {name: kept.rows(f"odd/{name}") for name in ("nan", "inf", "minus")}
    assert flags == {"nan": [(7, 0, 1)], "inf": [(7, 0, 2)], "minus": [(7, 0, 4)]}
    assert kept.rows("numpy") == [(8, float(np.float32(0.1)), 0)]
    assert kept.rows("whole") == [(8, 2**40, 0)]


def check_structured(kept: Kept) -> None:
    text = "string-series"
    assert kept.data("phase") == [(0, text, "warm-up"), (25, text, "cosine")]
    ((step, kind, histogram),) = kept.data("weights")
    assert (step, kind, histogram["freq"]) == (STEPS, "HISTOGRAM", [1, 3])
    assert histogram["bins"] == {"min": 0, "max": 2, "num": 2}
    ((step, kind, table),) = kept.data("confusion")
    assert (step, kind, table["table"]) == (STEPS, "TABLE", [[48, 2], [1, 49]])
    assert [column["name"] for column in table["col"]] == ["cat", "dog"]


def check_files(kept: Kept) -> None:
    row, content = kept.file("sample")
    assert (row["step"], row["caption"], row["fileType"]) == (STEPS, "a gradient", "png")
    assert row["fileSize"] == len(content)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), PIXELS)
    assert kept.file("notes")[1] == b"read me"


def check_console(kept: Kept) -> None:
    lines = [(line["logType"], line["message"]) for line in kept.read("logs")["logs"]]
    assert lines.count(("INFO", "a line to stdout")) == 1
    assert lines.count(("ERROR", "a line to stderr")) == 1
