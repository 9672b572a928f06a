"""`wandb.Api` reads runs back under wandb's names."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pluto.compat.wandb as wandb
from tests.server_process import running_server


@pytest.fixture(autouse=True)
def no_run_of_wandb() -> Iterator[None]:
    yield
    wandb.teardown()


def train(name: str, rate: float) -> wandb.Run:
    """A run of two metrics over four steps, the second one at every other."""
    with wandb.init(project="p", name=name, config={"rate": rate}, tags=["t"], group="g") as run:
        for step in range(4):
            run.log({"loss": rate * step, **({"acc": 1.0} if step % 2 == 0 else {})})
        run.summary["best"] = rate
    return run


def untimed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a history without its times."""
    return {name: value for name, value in row.items() if name not in {"_timestamp", "_runtime"}}


def test_a_run_is_read_back() -> None:
    logged = train("first", 0.5)
    run = wandb.Api().run(f"lab/p/{logged.id}")
    assert (run.name, run.id, run.state, run.tags) == ("first", logged.id, "finished", ["t"])
    assert run.config == {"rate": 0.5}
    assert run.summary == run.summary._json_dict == {"loss": 1.5, "acc": 1.0, "best": 0.5}
    assert (run.group, run.job_type, run.lastHistoryStep) == ("g", None, 3)
    assert json.loads(run.json_config) == {"rate": {"value": 0.5}}
    rows = run.history(pandas=False)
    assert [untimed(row) for row in rows[1:3]] == [
        {"_step": 1, "loss": 0.5},
        {"_step": 2, "loss": 1.0, "acc": 1.0},
    ]
    assert 0 <= rows[0]["_runtime"] <= rows[3]["_runtime"] < 60
    assert abs(rows[3]["_timestamp"] - time.time()) < 60
    (both,) = run.scan_history(keys=["acc", "loss"], max_step=2)
    assert untimed(both) == {"_step": 0, "acc": 1.0, "loss": 0.0}
    assert len(run.history(samples=2, pandas=False)) == 2
    assert wandb.Api({"project": "p"}).run("first").id == logged.id


def test_runs_are_filtered_and_sorted() -> None:
    train("small", 0.1)
    train("large", 0.9)
    api = wandb.Api()
    assert api.projects() == ["p"]
    assert [run.name for run in api.runs("lab/p", order="+config.rate")] == ["small", "large"]
    assert [run.name for run in api.runs("p", {"config.rate": {"$gt": 0.5}})] == ["large"]
    assert [run.name for run in api.runs("p")] == ["small", "large"]


def test_runs_are_filtered_by_the_conditions_of_wandb() -> None:
    first = train("small-net", 0.1)
    train("large-net", 0.9)
    with wandb.init(project="p", name="other", job_type="eval"):
        pass

    def named(filters: dict[str, Any]) -> list[str]:
        return [run.name for run in wandb.Api().runs("p", filters)]

    assert named({"group": "g", "state": "finished"}) == ["small-net", "large-net"]
    assert named({"jobType": {"$in": ["eval", "train"]}}) == ["other"]
    assert named({"display_name": {"$regex": "^.*-net$"}}) == ["small-net", "large-net"]
    assert named({"name": first.id}) == ["small-net"]
    assert named({"config.rate.value": {"$exists": True}}) == ["small-net", "large-net"]
    assert named({"config.rate": {"$exists": False}}) == ["other"]
    assert named({"$or": [{"config.rate": 0.9}, {"jobType": "eval"}]}) == ["large-net", "other"]
    assert named({"$nor": [{"tags": "t"}]}) == ["other"]
    assert named({"summary_metrics.loss": {"$gt": 1}}) == ["large-net"]
    assert named({"group": "g", "jobType": "eval"}) == []
    with pytest.raises(wandb.UsageError, match="stands at the top"):
        named({"$or": [{"display_name": {"$regex": "net$"}}]})


def test_files_and_artifacts_are_fetched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with wandb.init(project="p") as run:
        run.save("notes.txt")
        run.log_artifact("notes.txt", name="notes", type="text")
    api = wandb.Api()
    found = api.run(f"p/{run.id}")
    with found.file("notes.txt").download("copy") as copy:
        assert copy.read() == "hello"
    with pytest.raises(wandb.CommError, match="exists: pass replace=True"):
        found.file("notes.txt").download("copy")
    found.file("notes.txt").download("copy", exist_ok=True).close()
    with pytest.raises(wandb.CommError, match="has no file 'absent'"):
        found.file("absent").download()
    (listed,) = found.files(pattern="%.txt")
    assert (listed.name, listed.size) == ("notes.txt", 5)
    assert {file.name for file in found.files()} == {"notes.txt", "artifacts/notes"}
    assert Path(api.artifact("p/notes:latest", type="text").file()).read_text() == "hello"


def test_artifacts_are_listed_by_version_and_by_the_runs_that_made_and_used_them() -> None:
    for text in ("one", "two"):
        Path("data.txt").write_text(text)
        with wandb.init(project="p", name=text) as run:
            run.log_artifact("data.txt", name="data", type="dataset", tags=[text])
    with wandb.init(project="p", name="user") as run:
        run.use_artifact("data:v0")
    api = wandb.Api()
    assert [each.name for each in api.artifacts("dataset", "p/data")] == ["data:v1", "data:v0"]
    assert [each.name for each in api.artifacts("dataset", "p/data", tags=["one"])] == ["data:v0"]
    assert api.artifacts("model", "p/data") == []
    assert api.artifact_exists("p/data:v1")
    assert not api.artifact_exists("p/data:v2")
    assert not api.artifact_exists("p/data", type="model")
    one, two, user = api.runs("p")
    assert [each.name for each in one.logged_artifacts()] == ["data:v0"]
    assert [each.name for each in two.logged_artifacts()] == ["data:v1"]
    assert (user.logged_artifacts(), one.used_artifacts()) == ([], [])
    (used,) = user.used_artifacts()
    assert Path(used.file()).read_text() == "one"


def test_what_is_not_there_is_said() -> None:
    train("first", 0.5)
    api = wandb.Api()
    with pytest.raises(wandb.CommError, match="the project 'p' has no run 'absent'"):
        api.run("p/absent")
    with pytest.raises(wandb.UsageError, match="names no project"):
        api.run("absent")
    assert not hasattr(wandb.Api(), "queued_run")
    with pytest.raises(wandb.Error, match=r"Api\.reports is not offered"):
        api.reports("p/abc")
    with pytest.raises(wandb.Error, match=r"run\.delete\(\) is not offered"):
        api.run("p/first").delete()


def test_the_same_is_read_from_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server(tmp_path / "data") as server:
        monkeypatch.setenv("PLUTO_URL", server.url)
        monkeypatch.setenv("PLUTO_API_KEY", server.key)
        logged = train("remote", 0.5)
        (tmp_path / "weights.bin").write_bytes(b"weights")
        with wandb.init(project="p", name="second") as run:
            run.log_model("weights.bin", name="net")
        monkeypatch.setenv("PLUTO_DIR", str(tmp_path / "elsewhere"))
        api = wandb.Api()
        found = api.run(f"p/{logged.id}")
        assert (found.name, found.state) == ("remote", "finished")
        assert found.summary == {"loss": 1.5, "acc": 1.0, "best": 0.5}
        assert [row["loss"] for row in found.scan_history()] == [0.0, 0.5, 1.0, 1.5]
        with wandb.init(project="p") as run:
            assert Path(run.use_model("net:latest")).read_bytes() == b"weights"
            with pytest.raises(wandb.UsageError, match="exists, and resume='never'"):
                wandb.init(project="p", id=logged.id, resume="never", reinit="create_new")
        again = wandb.init(project="p", id=logged.id, resume="must")
        assert again.resumed
        again.finish()
