"""Artifacts of the stand-in for wandb: made by one run, used by another."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import PIL.Image
import pytest

import pluto.compat.wandb as wandb
from pluto.storage import Kind
from tests.compat.reading import files, known, reading


@pytest.fixture(autouse=True)
def no_run_of_wandb() -> Iterator[None]:
    yield
    wandb.teardown()


def logged(content: str, *aliases: str, id: str | None = None) -> None:  # noqa: A002
    """Log a version of the artifact `numbers` in a run of its own."""
    with wandb.init(project="p", reinit=True, id=id) as run:
        artifact = wandb.Artifact("numbers", "dataset", "tiny", {"rows": len(content)})
        with artifact.new_file("inner/data.txt") as file:
            file.write(content)
        run.log_artifact(artifact, aliases=list(aliases))


def read(artifact: wandb.Artifact) -> str:
    return Path(artifact.get_entry("inner/data.txt").local_path()).read_text()


def test_an_artifact_is_used_by_name_version_and_alias() -> None:
    logged("one", "first")
    logged("two")
    logged("two", "again", id="second")
    run = wandb.init(project="p")
    latest = run.use_artifact("numbers:latest")
    assert (latest.version, read(latest)) == ("v1", "two")
    assert (latest.type, latest.description, latest.metadata) == ("dataset", "tiny", {"rows": 3})
    assert read(run.use_artifact("numbers:v0")) == "one"
    assert run.use_artifact("someone/p/numbers:first").name == "numbers:v0"
    assert run.use_artifact("numbers:again").version == "v1"
    run.finish()
    used = known(run.op)["config"]["wandb"]["used_artifacts"]
    assert sorted(used) == ["numbers:v0", "numbers:v1"]
    assert used["numbers:v1"] == latest.source
    assert latest.source == {"project": "p", "run": "second", "digest": latest.digest}


def test_a_run_uses_what_it_has_just_logged() -> None:
    run = wandb.init(project="p")
    artifact = wandb.Artifact("fresh", "model")
    with artifact.new_file("inner/data.txt", "wb") as file:
        file.write(b"weights")
    assert run.log_artifact(artifact).wait() is artifact
    assert (artifact.name, artifact.version, artifact.state) == ("fresh:v0", "v0", "COMMITTED")
    assert read(run.use_artifact("fresh:latest", type="model")) == "weights"
    with pytest.raises(wandb.UsageError, match="is a 'model', not a 'dataset'"):
        run.use_artifact("fresh", type="dataset")


def test_a_run_that_keeps_nothing_gives_an_artifact_no_version() -> None:
    run = wandb.init(project="p", mode="disabled")
    assert run.log_artifact(wandb.Artifact("fresh", "model")).wait().version is None


def test_a_name_that_nobody_has_logged_says_what_there_is() -> None:
    logged("one")
    run = wandb.init(project="p")
    with pytest.raises(wandb.CommError, match=r"numbers:v7 \(versions: v0\)"):
        run.use_artifact("numbers:v7")
    with pytest.raises(wandb.UsageError, match="is named 'name:version'"):
        run.use_artifact("a/b/c/d")


def test_an_artifact_comes_down_as_files(tmp_path: Path) -> None:
    logged("one")
    run = wandb.init(project="p")
    artifact = run.use_artifact("numbers")
    assert artifact.download() == "artifacts/numbers:v0"
    artifact.verify()
    (tmp_path / "artifacts" / "numbers:v0" / "other.txt").write_text("x")
    artifact.checkout()
    found = (tmp_path / "artifacts").rglob("*.txt")
    assert [path.read_text() for path in found] == ["one"]
    (tmp_path / "artifacts" / "numbers:v0" / "inner" / "data.txt").write_text("changed")
    with pytest.raises(wandb.CommError, match="is not the file of the artifact"):
        artifact.verify()
    assert Path(artifact.file()).read_text() == "one"


def test_an_artifact_holds_what_is_put_into_it(tmp_path: Path) -> None:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    artifact = wandb.Artifact("mixed", "dataset")
    artifact.add_dir("folder", name="below")
    artifact.add_file("b.txt", name="renamed.txt")
    artifact.add_reference((tmp_path / "b.txt").as_uri(), name="referred.txt")
    artifact.add(wandb.Table(columns=["x"], data=[[1]]), "table")
    assert {file.path for file in artifact.files()} == {
        *("below/deep/a.txt", "renamed.txt", "referred.txt", "table.table.json")
    }
    assert artifact.get("table").data == [[1]]
    artifact.remove("below")
    assert artifact.file_count == 3
    assert (
        artifact.size
        == 2 + (Path(artifact.get_entry("table.table.json").local_path())).stat().st_size
    )


@pytest.mark.parametrize("name", ["", "a/b", "a:v1"])
def test_a_name_that_cannot_be_found_again_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="an artifact's name has no"):
        wandb.Artifact(name, "dataset")


def test_what_is_not_here_is_refused(tmp_path: Path) -> None:
    artifact = wandb.Artifact("a", "dataset")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        artifact.add_file("absent.txt")
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        artifact.add_dir("absent")
    with pytest.raises(wandb.Error, match="keeps files and no references"):
        artifact.add_reference("s3://bucket/key")
    with pytest.raises(wandb.Error, match="takes a Table, Image, Audio, Video or Html, got int"):
        artifact.add(3, "three")
    with pytest.raises(KeyError, match="has no file"):
        artifact.get_entry("absent.txt")


def test_a_model_is_logged_linked_and_used(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    run = wandb.init(project="p")
    run.log_model("model.bin", name="net", aliases=["best"])
    run.link_model("model.bin", "registry/nets", name="linked")
    assert Path(run.use_model("net:best")).read_bytes() == b"weights"
    assert run.use_artifact("linked").tags == ["registry/nets"]


def test_saved_files_are_kept_by_their_policy(tmp_path: Path) -> None:
    for name in ("now", "live", "end", "same"):
        (tmp_path / f"{name}.txt").write_text("before")
    run = wandb.init(project="p")
    for policy in ("now", "live", "end"):
        assert run.save(f"{policy}.txt", policy=policy) == [str(tmp_path / f"{policy}.txt")]
    run.save(str(tmp_path / "same.txt"), base_path=str(tmp_path.parent))
    for name in ("now", "live", "end"):
        (tmp_path / f"{name}.txt").write_text("afterwards")
    with pytest.raises(wandb.UsageError, match="policy="):
        run.save("now.txt", policy="never")
    run.finish()
    sizes = {
        name: [file["fileSize"] for file in files(run.op, f"save/{name}.txt")]
        for name in ("now", "live", "end", f"{tmp_path.name}/same")
    }
    assert sizes == {"now": [6], "live": [6, 10], "end": [10], f"{tmp_path.name}/same": [6]}


def test_an_artifact_knows_where_it_comes_from_and_who_used_it() -> None:
    logged("one", id="first")
    draft = wandb.Artifact("numbers", "dataset")
    assert (draft.is_draft(), draft.state, draft.qualified_name) == (True, "PENDING", "numbers")
    assert draft.logged_by() is None
    with wandb.init(project="p", id="second") as run:
        artifact = run.use_artifact("numbers:latest")
    assert (artifact.is_draft(), artifact.state) == (False, "COMMITTED")
    assert (artifact.project, artifact.qualified_name) == ("p", "p/numbers:v0")
    assert (artifact.id, artifact.source_version) == (artifact.digest, "v0")
    assert list(artifact.manifest.entries) == ["inner/data.txt"]
    maker = artifact.logged_by()
    assert maker is not None
    assert maker.id == "first"
    assert [user.id for user in artifact.used_by()] == ["second"]


def test_a_draft_of_a_version_is_changed_and_logged_as_the_next_one() -> None:
    logged("one")
    with wandb.init(project="p") as run:
        draft = run.use_artifact("numbers:latest").new_draft()
        draft["more"] = wandb.Table(["a"], [[1]])
        draft.save()
    with wandb.init(project="p") as run:
        found = run.use_artifact("numbers:latest")
        assert found.name == "numbers:v1"
        assert [file.name for file in found.files()] == ["inner/data.txt", "more.table.json"]
        assert [file.name for file in found.files(["inner/data.txt"])] == ["inner/data.txt"]
        assert found["more"] == wandb.Table(["a"], [[1]])


def test_media_of_an_artifact_and_of_its_tables_come_back_as_what_they_were() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    sound = wandb.Audio(np.zeros(80), sample_rate=8000, caption="silence")
    with wandb.init(project="p") as run:
        artifact = wandb.Artifact("shown", "dataset")
        table = wandb.Table(["digit", "picture", "sound"])
        table.add_data(3, wandb.Image(picture, caption="three"), sound)
        table.add_data(None, None, sound)
        artifact.add(table, "examples")
        artifact.add(wandb.Html("<b>bold</b>"), "page")
        run.log_artifact(artifact)
    with wandb.init(project="p") as run:
        found = run.use_artifact("shown:latest").get("examples")
        assert run.use_artifact("shown:latest").get("absent") is None
        names = [file.path for file in run.use_artifact("shown:latest").files()]
        page = run.use_artifact("shown:latest").get("page")
        run.log({"again": found, "page": page})
        assert found.columns == ["digit", "picture", "sound"]
        assert found.get_column("digit") == [3, None]
        read_picture, nothing = found.get_column("picture")
        assert (read_picture.caption, nothing) == ("three", None)
        assert (np.asarray(PIL.Image.open(read_picture.given)) == picture).all()
        assert [each.caption for each in found.get_column("sound")] == ["silence"] * 2
        kinds = sorted(Path(name).suffix for name in names)
        assert kinds == [".html", ".json", ".json", ".png", ".wav"]
    with reading(run.op) as reader:
        assert reader.count(Kind.FILE, "again/picture") == 1


def test_an_artifact_is_saved_and_linked_without_a_run() -> None:
    artifact = wandb.Artifact("alone", "dataset")
    with artifact.new_file("data.txt") as file:
        file.write("x")
    artifact.save(project="p")
    (run,) = wandb.Api().runs("p")
    assert (run.job_type, run.state) == ("auto", "finished")
    with wandb.init(project="p") as user:
        user.link_artifact(user.use_artifact("alone"), "registry/alone", aliases=["prod"])
        found = user.use_artifact("alone:prod")
    assert (found.version, found.tags) == ("v0", ["registry/alone"])


def content(file: IO[str] | None) -> tuple[str, str]:
    """Where an open file is, and what it holds."""
    assert file is not None
    with file:
        return file.name, file.read()


def test_saved_files_are_restored_from_this_run_and_from_others(tmp_path: Path) -> None:
    with pytest.raises(wandb.Error, match=r"init\(\) before wandb\.restore\(\)"):
        wandb.restore("notes.txt")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "run[1].txt").write_text("odd")
    with wandb.init(project="p") as first:
        first.save("notes.txt")
        assert first.save("run[1].txt") == []
        assert first.save("run[1].txt", glob=False) == [str(tmp_path / "run[1].txt")]
    (tmp_path / "notes.txt").unlink()
    path = f"lab/p/{first.id}"
    assert content(wandb.restore("notes.txt", run_path=path)) == ("notes.txt", "hello")
    (tmp_path / "notes.txt").write_text("mine")
    assert content(wandb.restore("notes.txt", run_path=path)) == ("notes.txt", "mine")
    again = wandb.restore("notes.txt", run_path=path, replace=True)
    assert content(again) == ("notes.txt", "hello")
    with wandb.init(project="p", id=first.id, resume="must") as run:
        assert content(run.restore("notes.txt")) == (str(Path(run.dir, "notes.txt")), "hello")
        assert run.restore("absent.txt") is None


def test_what_a_script_writes_to_the_console_of_a_run_is_there() -> None:
    run = wandb.init(project="p")
    run.write_logs("100 % of\nall lines")
    run.finish()
    run.write_logs("too late")
    with reading(run.op) as reader:
        lines = [record.body.decode() for record in reader.records(Kind.CONSOLE)]
    assert lines == ["100 % of", "all lines"]


def test_several_runs_make_one_artifact_together() -> None:
    for rank in range(2):
        with wandb.init(project="p", group="job-7", reinit=True) as run:
            part = wandb.Artifact("shards", "dataset")
            with part.new_file(f"{rank}.txt") as file:
                file.write(str(rank))
            run.upsert_artifact(part, aliases=[f"rank-{rank}"])
    with wandb.init(project="p", group="another") as run:
        last = wandb.Artifact("shards", "dataset")
        with last.new_file("2.txt") as file:
            file.write("2")
        run.upsert_artifact(last, distributed_id="job-7")
        run.finish_artifact(wandb.Artifact("shards", "dataset"), distributed_id="job-7")
        run.finish_artifact(wandb.Artifact("shards", "dataset"))  # of a group with no parts
        with pytest.raises(wandb.UsageError, match="distributed_id= or a group"):
            wandb.init(project="p", reinit="create_new").upsert_artifact(last)
    with wandb.init(project="p") as run:
        whole = run.use_artifact("shards:rank-1")
        assert whole.version == "v0"
        assert {file.path: Path(file.local_path()).read_text() for file in whole.files()} == {
            "0.txt": "0",
            "1.txt": "1",
            "2.txt": "2",
        }
