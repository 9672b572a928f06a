"""Scripts on TensorBoard's writers: with one line changed, and unchanged beside the real ones."""

import re
from pathlib import Path

import pytest

from pluto.storage import Kind
from tests.compat.event_files import scalars, tags
from tests.compat.reading import files, histograms, known, metrics, names, reading
from tests.compat.scripts import HERE, run_code, run_script, runs_of

IMPORT = re.compile(r"from [\w.]+ import SummaryWriter")
PATCH = "from pluto.compat.tensorboard import patch\npatch()"
WRITTEN = {
    "scalars": "runs/curves",
    "histograms": "runs/*_weights",
    "media": "runs/media",
    "hyperparameters": "runs/trial0",
    "training": "runs/training",
}


def run(script: str, directory: Path) -> list[Path]:
    """The runs of a script that was run through the stand-in."""
    path = f"tensorboard_scripts/{script}.py"
    (found,) = IMPORT.findall((HERE / path).read_text())
    ours = "from pluto.compat.tensorboard import SummaryWriter"
    run_script(path, directory, replace=(found, ours))
    return runs_of(directory)


def test_curves(tmp_path: Path) -> None:
    (found,) = run("scalars", tmp_path)
    logged = metrics(found)
    assert logged["loss/train"] == {step: 1 / (step + 1) for step in range(20)}
    assert logged["rates/second"] == {step: step * 2.0 for step in range(20)}
    with reading(found) as reader:
        assert reader.points("loss/test").times[5] == 1_700_000_005_000
    assert known(found)["name"] == "curves"


def test_distributions(tmp_path: Path) -> None:
    (found,) = run("histograms", tmp_path)
    weights = histograms(found, "weights")
    assert [step for step, _ in weights] == list(range(5))
    assert all(sum(document["freq"]) == 1000 for _, document in weights)
    assert len(histograms(found, "weights in ten bins")[0][1]["freq"]) == 10
    assert known(found)["name"].endswith("_weights")


def test_media(tmp_path: Path) -> None:
    (found,) = run("media", tmp_path)
    for name in ("picture", "gray", "batch", "boxed"):
        assert files(found, name)[0]["fileType"] == "png"
    assert files(found, "sample")[0]["fileType"] == "txt"
    assert names(found, "curve") == {"curve", "curve/curve"}


def test_hyperparameters(tmp_path: Path) -> None:
    found = run("hyperparameters", tmp_path)
    assert [known(each)["config"] for each in found] == [
        {"rate": 0.1, "layers": 2},
        {"rate": 0.01, "layers": 2},
    ]
    assert metrics(found[1])["hparam/loss"] == {0: 0.02}
    assert [known(each)["name"] for each in found] == ["trial0", "trial1"]


def test_a_training(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    (found,) = run("training", tmp_path)
    assert list(metrics(found)["loss"]) == list(range(5))
    assert len(histograms(found, "0.weight")) == 5
    with reading(found) as reader:
        assert reader.count(Kind.FACT, "modelGraph") == 1


def needs_the_writer_of(script: str) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    if script == "training":
        pytest.importorskip("torch.utils.tensorboard", reason="torch is not installed")
    else:
        pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")


def agree(own: Path, place: Path) -> None:
    """Compare a run with the event files of a directory."""
    ours, theirs = metrics(own), scalars(place)
    assert ours.keys() == theirs.keys()
    for name, points in theirs.items():
        assert ours[name] == pytest.approx(points, rel=1e-6), name  # event files hold 32-bit floats
    kept = {name.replace(" ", "_") for name in names(own, "")}
    assert {tag for tag in tags(place) if not tag.startswith("_")} <= kept


@pytest.mark.parametrize("script", WRITTEN)
def test_beside_the_real_writer_both_records_agree(script: str, tmp_path: Path) -> None:
    needs_the_writer_of(script)
    run_script(f"tensorboard_scripts/{script}.py", tmp_path, first=PATCH)
    (place,) = tmp_path.glob(WRITTEN[script])
    agree(runs_of(tmp_path)[0], place)


@pytest.mark.parametrize("script", WRITTEN)
def test_the_stand_in_records_what_the_real_writer_records(script: str, tmp_path: Path) -> None:
    needs_the_writer_of(script)
    (tmp_path / "own").mkdir()
    (tmp_path / "real").mkdir()
    own = run(script, tmp_path / "own")[0]
    run_script(f"tensorboard_scripts/{script}.py", tmp_path / "real")
    (place,) = (tmp_path / "real").glob(WRITTEN[script])
    agree(own, place)


def test_the_real_writer_s_exceptions_are_the_script_s_and_ours_are_not(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    (tmp_path / "blocked").write_text("a file where the runs should go")
    printed = run_code(
        """
from pluto.compat.tensorboard import patch, restore
from tensorboardX import SummaryWriter
patch(dir="blocked/below")
writer = SummaryWriter("runs/a")
writer.add_scalar("loss", 1.0, 0)
try:
    writer.add_scalar("loss", object(), 0)
except NotImplementedError as error:
    print("as ever:", error)
restore()
writer.add_scalar("loss", 2.0, 1)
writer.close()
""",
        tmp_path,
    )
    assert "as ever: Got <class 'object'>" in printed
    assert printed.count("was not mirrored; the script goes on") == 1
    assert scalars(tmp_path / "runs" / "a") == {"loss": {0: 1.0, 1: 2.0}}


def test_beside_a_live_run_everything_goes_to_it(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    run_code(
        """
import pluto
from pluto.compat.tensorboard import patch
from tensorboardX import SummaryWriter
early = SummaryWriter("runs/early")
patch()
run = pluto.init(project="p")
early.add_scalar("early", 1.0, 0)
with SummaryWriter("runs/late") as late:
    late.add_scalar("late", 2.0, 1)
early.close()
run.finish()
""",
        tmp_path,
    )
    (found,) = runs_of(tmp_path)
    assert metrics(found) == {"early": {0: 1.0}, "late": {1: 2.0}}


@pytest.mark.parametrize("keyword", ["sync_tensorboard", "tensorboard"])
def test_a_run_of_the_stand_in_for_wandb_is_told_what_real_writers_get(
    keyword: str, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    printed = run_code(
        f"""
import pluto.compat.wandb as wandb
from tensorboardX import SummaryWriter
with wandb.init(project="p", {keyword}=True) as run:
    with SummaryWriter("runs/during") as writer:
        for step in range(3):
            writer.add_scalar("loss", step / 2, step)
    wandb.log({{"acc": 0.5}})
with SummaryWriter("runs/afterwards") as writer:
    writer.add_scalar("late", 1.0, 0)
""",
        tmp_path,
    )
    (found,) = runs_of(tmp_path)
    assert metrics(found) == {"loss": {0: 0.0, 1: 0.5, 2: 1.0}, "acc": {0: 0.5}}
    assert "after finish()" not in printed
    assert scalars(tmp_path / "runs" / "afterwards") == {"late": {0: 1.0}}


def test_without_any_writer_to_patch_the_error_says_what_to_install(tmp_path: Path) -> None:
    printed = run_code(
        """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "tensorboardX", "tensorboard"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from pluto.compat.tensorboard import SummaryWriter, patch
try:
    patch()
except ImportError as error:
    print(error)
with SummaryWriter("runs/a", project="p") as writer:
    writer.add_scalar("loss", 1.0, 0)
""",
        tmp_path,
    )
    assert "neither torch.utils.tensorboard nor tensorboardX can be imported" in printed
    assert len(runs_of(tmp_path)) == 1
