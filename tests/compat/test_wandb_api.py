"""`wandb.Api` reads runs back under wandb's names."""

from collections.abc import Iterator
from pathlib import Path

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


def test_a_run_is_read_back() -> None:
    logged = train("first", 0.5)
    run = wandb.Api().run(f"lab/p/{logged.id}")
    assert (run.name, run.id, run.state, run.tags) == ("first", logged.id, "finished", ["t"])
    assert run.config == {"rate": 0.5}
    assert run.summary == {"loss": 1.5, "acc": 1.0, "best": 0.5}
    assert run.history(pandas=False)[1:3] == [
        {"_step": 1, "loss": 0.5},
        {"_step": 2, "loss": 1.0, "acc": 1.0},
    ]
    assert list(run.scan_history(keys=["acc", "loss"], max_step=2)) == [
        {"_step": 0, "acc": 1.0, "loss": 0.0}
    ]
    assert len(run.history(samples=2, pandas=False)) == 2
    assert wandb.Api({"project": "p"}).run("first").id == logged.id


def test_runs_are_filtered_and_sorted() -> None:
    train("small", 0.1)
    train("large", 0.9)
    api = wandb.Api()
    assert api.projects() == ["p"]
    assert [run.name for run in api.runs("lab/p", order="+config.rate")] == ["small", "large"]
    assert [run.name for run in api.runs("p", {"config.rate": {"$gt": 0.5}})] == ["large"]
    assert len(api.runs("p")) == 2


def test_files_and_artifacts_are_fetched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with wandb.init(project="p") as run:
        run.save("notes.txt")
        run.log_artifact("notes.txt", name="notes", type="text")
    api = wandb.Api()
    found = api.run(f"p/{run.id}")
    assert found.file("notes.txt").download("copy").read_text() == "hello"
    with pytest.raises(wandb.CommError, match="exists: pass replace=True"):
        found.file("notes.txt").download("copy")
    with pytest.raises(wandb.CommError, match="has no file 'absent'"):
        found.file("absent").download()
    assert [file["logName"] for file in found.files(["save/notes.txt"])] == ["save/notes.txt"]
    assert Path(api.artifact("p/notes:latest", type="text").file()).read_text() == "hello"


def test_what_is_not_there_is_said() -> None:
    train("first", 0.5)
    api = wandb.Api()
    with pytest.raises(wandb.CommError, match="the project 'p' has no run 'absent'"):
        api.run("p/absent")
    with pytest.raises(wandb.UsageError, match="names no project"):
        api.run("absent")
    with pytest.raises(wandb.Error, match=r"Api\.sweep is not offered"):
        api.sweep("p/abc")


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
