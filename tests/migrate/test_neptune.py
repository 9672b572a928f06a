"""Parquet files in the schema that neptune-exporter documents become runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pluto.migrate.neptune import runs
from pluto.migrate.run import SourceError
from tests.migrate.reading import facts, files, import_all, points, run_named, times, values

pa = pytest.importorskip("pyarrow")
BEGAN = datetime(2025, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
SCHEMA = {
    "project_id": pa.string(), "run_id": pa.string(), "attribute_path": pa.string(),
    "attribute_type": pa.string(), "step": pa.decimal128(18, 6),
    "timestamp": pa.timestamp("ms", tz="UTC"), "int_value": pa.int64(),
    "float_value": pa.float64(), "string_value": pa.string(), "bool_value": pa.bool_(),
    "datetime_value": pa.timestamp("ms", tz="UTC"), "string_set_value": pa.list_(pa.string()),
    "file_value": pa.struct([("path", pa.string())]),
    "histogram_value": pa.struct([("type", pa.string()), ("edges", pa.list_(pa.float64())),
                                  ("values", pa.list_(pa.float64()))]),
}  # fmt: skip


def row(path: str, kind: str, step: str | None = None, **value: Any) -> dict[str, Any]:
    names = {"project_id": "team/digits", "run_id": "RUN-1"}
    moment = BEGAN + timedelta(seconds=float(step or 0)) if step else None
    at = {"step": Decimal(step) if step else None, "timestamp": moment}
    return {**names, "attribute_path": path, "attribute_type": kind, **at, **value}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(list(SCHEMA.items()))), path)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """What an export has left: data and files."""
    root = tmp_path / "exports"
    simple = [
        row("sys/name", "string", string_value="baseline"),
        row("sys/creation_time", "datetime", datetime_value=BEGAN),
        row("sys/modification_time", "datetime", datetime_value=BEGAN + timedelta(hours=1)),
        row("sys/tags", "string_set", string_set_value=["a", "b"]),
        row("sys/description", "string", string_value="my notes"),
        row("sys/failed", "bool", bool_value=True),
        row("config/lr", "float", float_value=0.1),
        row("config/layers", "int", int_value=3),
        row("config", "string", string_value="in the way"),
    ]
    series = [
        row("train/loss", "float_series", str(step), float_value=1 / (step + 1))
        for step in range(10)
    ]
    odd = [
        row("fine", "float_series", "0.5", float_value=1.0),
        row("fine", "float_series", "1", float_value=2.0),
        row("words", "string_series", "3", string_value="hello"),
        row("weights", "histogram_series", "2",
            histogram_value={"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}),
        row("picture", "file_series", "1", file_value={"path": "digits/picture/1.png"}),
        row("model", "file", file_value={"path": "digits/model.bin"}),
        row("later", "of another kind", "1"),
    ]  # fmt: skip
    write(root / "data" / "digits-1a2b" / "RUN-1_part_0.parquet", simple + series)
    write(root / "data" / "digits-1a2b" / "RUN-1_part_1.parquet", odd)
    for name in ("picture/1.png", "model.bin"):
        (root / "files" / "digits" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "files" / "digits" / name).write_bytes(name.encode())
    return root / "data"


def test_every_value_of_every_series_is_kept(exported: Path, tmp_path: Path) -> None:
    (outcome,) = import_all(runs(exported), tmp_path)
    assert outcome.problem is None
    assert outcome.lost == ("later: values of the type of another kind",)
    directory = run_named("baseline", tmp_path)
    found = points(directory)
    assert found["train/loss"] == [(step, 1 / (step + 1)) for step in range(10)]
    assert found["fine"] == [(0, 1.0), (1, 2.0)]
    assert found["neptune/step/fine"] == [(0, 0.5), (1, 1.0)]
    began = round(BEGAN.timestamp() * 1000)
    assert times(directory, "train/loss") == [began + step * 1000 for step in range(10)]
    structured = {(name, step): body for name, _, step, body in values(directory)}
    assert structured["words", 3] == "hello"
    assert structured["weights", 2]["freq"] == [3, 4]
    kept = {name: (kind, step, row["content"]) for name, kind, step, row in files(directory)}
    assert kept == {
        "picture": ("IMAGE", 1, b"picture/1.png"),
        "model": ("FILE", 0, b"model.bin"),
    }


def test_single_values_are_the_config_and_what_neptune_knows_is_kept(
    exported: Path, tmp_path: Path
) -> None:
    import_all(runs(exported), tmp_path)
    known = facts(run_named("baseline", tmp_path))
    assert known["external_id"] == "neptune::team/digits/RUN-1"
    assert known["config"]["config"] == {"lr": 0.1, "layers": 3}
    assert known["config"]["config/"] == "in the way"
    assert known["config"]["neptune"]["run_id"] == "RUN-1"
    assert known["tags"] == ["a", "b", "import:neptune"]
    assert (known["status"], known["notes"]) == ("FAILED", "my notes")
    assert known["created_at"] == round(BEGAN.timestamp() * 1000)
    assert known["finished_at"] == known["created_at"] + 3_600_000


def test_a_second_import_takes_nothing(exported: Path, tmp_path: Path) -> None:
    for is_new in (True, False):
        (outcome,) = import_all(runs(exported), tmp_path)
        assert outcome.is_new is is_new


def test_files_may_be_elsewhere_and_one_that_is_gone_is_told(
    exported: Path, tmp_path: Path
) -> None:
    (exported.parent / "files").rename(tmp_path / "cold")
    (outcome,) = import_all(runs(exported), tmp_path / "here")
    assert sum("cannot be read" in text for text in outcome.lost) == 2
    (outcome,) = import_all(runs(exported, files=tmp_path / "cold"), tmp_path / "there")
    assert not any("cannot be read" in text for text in outcome.lost)


def test_what_is_no_export_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no Parquet files of neptune-exporter"):
        runs(tmp_path)
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(SourceError, match=r"cannot read .*x\.parquet"):
        runs(tmp_path)
