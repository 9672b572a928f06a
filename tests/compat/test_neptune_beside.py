"""Beside the real neptune_scale in offline mode: its own record and Pluto's agree."""

import random
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.compat.neptune_record import recorded_scale
from tests.compat.reading import known
from tests.compat.scripts import run_code, run_script, runs_of
from tests.compat.test_neptune_scale import compare_files, points, single, texts

needs_neptune = pytest.mark.skipif(
    not find_spec("neptune_scale"), reason="pip install neptune-scale==0.30.0"
)
FIRST = "import pluto.compat.neptune"
BOTH: dict[str, Any] = {
    "DISABLE_NEPTUNE_LOGGING": "false",
    "NEPTUNE_MODE": "offline",
    "PLUTO_PROJECT": "mirror",
}


@needs_neptune
@pytest.mark.parametrize("script", ["training", "series", "files"])
def test_both_records_agree(script: str, tmp_path: Path) -> None:
    run_script(f"neptune_scripts/scale_{script}.py", tmp_path, first=FIRST, **BOTH)
    (own,) = runs_of(tmp_path)
    (run_id,) = real = recorded_scale(tmp_path)
    assert own == tmp_path / ".pluto" / "mirror" / run_id
    assert points(own) == real[run_id].numbers
    said = {k: text for k, text in real[run_id].texts.items() if not k[0].startswith("runtime/")}
    assert {place: text for place, (text, _) in texts(own).items()} == said
    values = {k: v for k, v in single(own).items() if not k.startswith("source_code/")}
    assert values == {
        k: v for k, v in real[run_id].single.items() if not k.startswith("source_code/")
    }
    compare_files(own, real[run_id])
    assert known(own)["status"] == "COMPLETED"


@needs_neptune
def test_the_script_gets_what_neptune_gives_and_raises(tmp_path: Path) -> None:
    code = """
        import random, sys
        import pluto.compat.neptune as compat
        import neptune_scale
        assert compat._patch_applied and compat._original_neptune_run is not None
        assert neptune_scale.Run is compat.NeptuneRunWrapper
        random.seed(5)
        try:
            neptune_scale.Run(project="no slash")
        except ValueError as error:
            print("ValueError", error)
        run = neptune_scale.Run(project="w/p", experiment_name="both")
        print("next random", random.random())
        try:
            run.log_metrics([1], step=1)
        except TypeError as error:
            print("TypeError", error)
        run.log_metrics({"m": 1}, step=1)
        class Odd(dict):
            def items(self):
                if "pluto" in sys._getframe(1).f_globals["__name__"]:
                    raise RuntimeError("only for Pluto")
                return super().items()
        run.log_configs(Odd(a=1))
        run.close()
        compat.restore_neptune()
        assert neptune_scale.Run.__module__ == "neptune_scale.api.run"
        assert not compat._patch_applied
    """
    printed = run_code(dedent(code), tmp_path, **BOTH)
    assert "ValueError project is not in expected format" in printed
    assert "TypeError metrics must be a dict" in printed
    generator = random.Random(5)
    assert f"next random {generator.random()}" in printed
    assert "log_configs() was not mirrored; the script goes on" in printed
    (own,) = runs_of(tmp_path)
    assert known(own)["name"] == "both"
    assert points(own) == {("m", 1): 1}


@needs_neptune
def test_neptune_alone_where_no_project_of_pluto_is_named(tmp_path: Path) -> None:
    code = f"""{FIRST}
from neptune_scale import Run
with Run(project="w/p", run_id="alone") as run:
    run.log_metrics({{"m": 1}}, step=1)
"""
    environment = {name: value for name, value in BOTH.items() if name != "PLUTO_PROJECT"}
    run_code(code, tmp_path, **environment)
    assert runs_of(tmp_path) == []
    assert recorded_scale(tmp_path)["alone"].numbers == {("m", 1): 1}


@needs_neptune
def test_pluto_alone_by_default(tmp_path: Path) -> None:
    code = f"""{FIRST}
from neptune_scale import Run
from neptune_scale.types import File
with Run(project="w/p", run_id="alone") as run:
    run.log_metrics({{"m": 1}}, step=1)
    run.assign_files({{"f": File(b"abc", mime_type="text/plain")}})
    print("url", run.get_run_url(), run.wait_for_processing(timeout=20))
run.log_metrics({{"m": 2}}, step=2)
run.terminate()
"""
    printed = run_code(code, tmp_path, PLUTO_PROJECT="mirror")
    (own,) = runs_of(tmp_path)
    assert not (tmp_path / ".neptune").exists()
    assert f"url {own.as_uri()} True" in printed
    assert points(own) == {("m", 1): 1, ("m", 2): 2}
    about = known(own)
    assert (about["project"], about["name"]) == ("mirror", "neptune-migration")
    assert about["status"] == "TERMINATED"


@needs_neptune
def test_the_stand_in_itself_where_neither_is_asked_for(tmp_path: Path) -> None:
    run_script("neptune_scripts/scale_fork.py", tmp_path, first=FIRST)
    found = {path.name: known(path)["status"] for path in runs_of(tmp_path)}
    assert found == {"parent": "COMPLETED", "child": "COMPLETED"}


def test_names_of_the_earlier_client_are_there(tmp_path: Path) -> None:
    code = """
import pluto.compat.neptune as compat
import pluto
print(compat._safe_import_pluto() is pluto, compat._patch_applied)
print(compat._detect_media_type_from_bytes(b"RIFF....WEBP"))
print(compat._detect_media_type_from_bytes(b"....ftypisom"))
print(compat._detect_media_type_from_bytes(b"plain"))
compat.restore_neptune()
print(compat._original_neptune_run)
"""
    printed = run_code(code, tmp_path).split("\n")
    assert printed[0] == f"True {find_spec('neptune_scale') is not None}"
    assert printed[1:5] == ["image", "video", "None", "None"]
