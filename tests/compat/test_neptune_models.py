"""Models, their versions and the project itself, in scripts on neptune 1.x."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pluto.query import Client
from tests.compat.reading import known
from tests.compat.scripts import run_code, runs_of
from tests.server_process import RunningServer

SCRIPT = """
    import neptune
    from neptune import exceptions

    with neptune.init_model(name="digits", key="NET", project="lab/models") as model:
        model["signature"].upload(neptune.types.File.from_content("28x28 -> 10"))
        model["description"] = "reads digits"
        model_id = model["sys/id"].fetch()
        assert model.fetch()["description"] == "reads digits"

    for accuracy in (0.8, 0.9):
        with neptune.init_model_version(model=f"MOD-{model_id}", project="lab/models") as version:
            version["validation/acc"] = accuracy
            version["curve"].extend([0.5, accuracy])
            assert version["sys/stage"].fetch() == "none"
            version.change_stage("staging" if accuracy > 0.85 else "archived")
            print("version", version["sys/id"].fetch(), version["sys/model_id"].fetch())

    version = neptune.init_model_version(with_id="NET-2", project="lab/models")
    assert version["sys/stage"].fetch() == "staging"
    version.change_stage("production")
    version.stop()

    reading = neptune.init_model_version(with_id="NET-2", project="lab/models", mode="read-only")
    print("read", reading["validation/acc"].fetch(), reading["sys/stage"].fetch())
    print("curve", reading["curve"].fetch_values()["value"].tolist())
    reading.stop()

    with neptune.init_model(with_id="NET", project="lab/models") as model:
        model["description"] = "reads digits well"
        table = model.fetch_model_versions_table(columns=["sys/stage"], sort_by="sys/id")
        print("versions", [(row["sys/id"].get(), row["sys/stage"].get()) for row in table])
        query = '`sys/stage`:string = "production"'
        asked = model.fetch_model_versions_table(query=query, columns=["validation/acc"])
        print("asked", [row["validation/acc"].get() for row in asked])

    with neptune.init_run(project="lab/models", custom_run_id="training") as run:
        run["x"] = 1
    with neptune.init_project(project="lab/models") as project:
        project["about"] = "digits"
        project.assign({"owner": "lab"})
        project.wait()
        print("models", [row["description"].get() for row in project.fetch_models_table()])
        print("runs", len(project.fetch_runs_table().to_rows()))
        print("project", project.fetch()["owner"], project.exists("about"))

    for wrong in (
        lambda: neptune.init_model(key="NET", project="lab/models"),
        lambda: neptune.init_model(project="lab/models"),
        lambda: neptune.init_model(with_id="NONE", project="lab/models"),
        lambda: neptune.init_model_version(model="NONE", project="lab/models"),
        lambda: neptune.init_model_version(with_id="NET-9", project="lab/models"),
    ):
        try:
            wrong()
        except exceptions.NeptuneException as error:
            print(type(error).__name__)
"""
PRINTED = """
version NET-1 NET
version NET-2 NET
read 0.9 production
curve [0.5, 0.9]
versions [('NET-2', 'production'), ('NET-1', 'archived')]
asked [0.9]
models ['reads digits well']
runs 1
project lab True
NeptuneModelKeyAlreadyExistsError
NeptuneMissingRequiredInitParameter
ModelNotFound
ModelNotFound
ModelVersionNotFound
"""


def printed_by(directory: Path, **environment: Any) -> list[str]:
    text = run_code(f"import pluto.compat.neptune\n{dedent(SCRIPT)}", directory, **environment)
    return [line for line in text.splitlines() if not line.startswith("pluto:")]


def test_models_and_versions_are_runs_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    assert printed_by(tmp_path) == PRINTED.split("\n")[1:-1]
    model, version = (known(tmp_path / ".pluto/models" / i) for i in ("NET", "neptune-NET-2"))
    assert (model["name"], model["tags"], model["external_id"]) == ("digits", ["model"], "NET")
    assert version["tags"] == ["model-version"]
    assert (version["config"]["sys/model_id"], version["name"]) == ("NET", "NET-2")


def test_models_and_versions_are_found_on_a_server(server: RunningServer, tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    where = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
    assert printed_by(tmp_path, **where) == PRINTED.split("\n")[1:-1]
    with Client(server.key, server.url) as client:
        listed = client.list_runs("models", tags=["model-version"])
        assert len(listed) == 2


def test_a_model_in_a_mode_that_keeps_nothing_is_not_looked_for(tmp_path: Path) -> None:
    code = """
        import pluto.compat.neptune as neptune
        version = neptune.init_model_version(model="NET", mode="debug")
        version["acc"] = 1.0
        print(version["sys/id"].fetch(), version["acc"].fetch())
        try:
            version.change_stage("best")
        except ValueError as error:
            print(error)
    """
    printed = run_code(dedent(code), tmp_path)
    assert "NET-1 1.0" in printed
    assert "a stage is one of none, staging" in printed
    assert runs_of(tmp_path) == []
