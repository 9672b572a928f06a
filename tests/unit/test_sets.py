"""Settings: who wins, what is told, what is refused."""

import copy
import inspect
import logging
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pluto
from pluto.errors import UsageError
from pluto.sets import INIT_ARGUMENTS, Settings, setup
from pluto.sets_table import LENIENT, TABLE

ONE = "http://127.0.0.1:4000"

# Two values for each setting that has a variable, as a user writes it there and as it then is.
WRITTEN: dict[str, list[tuple[str, Any]]] = {
    "project": [("mnist", "mnist"), ("été/1", "été/1")],
    "dir": [("/tmp/a", "/tmp/a"), ("/tmp/b", "/tmp/b")],
    "file_system": [("network", "network"), ("LOCAL", "local")],
    "mode": [("offline", "offline"), ("DEBUG", "debug")],
    "durability": [("fsync", "fsync"), ("process", "process")],
    "_auth": [("mlps_A", "mlps_A"), (" mlps_B\n", "mlps_B")],
    "host": [("gpu7", "gpu7"), ("gpu8:80", "gpu8:80")],
    "url": [("http://a", "http://a"), ("https://b/x/", "https://b/x")],
    "url_app": [("http://a", "http://a"), ("http://b:1", "http://b:1")],
    "url_api": [("http://a", "http://a"), ("http://b:1", "http://b:1")],
    "url_ingest": [("http://a", "http://a"), ("http://b:1", "http://b:1")],
    "url_py": [("http://a", "http://a"), ("http://b:1", "http://b:1")],
    "init_timeout": [("1", 1.0), ("2.5", 2.5)],
    "finish_timeout": [("1", 1.0), ("2.5", 2.5)],
    "x_thread_join_timeout_seconds": [("1", 1.0), ("7", 7.0)],
    "sanitize_logs": [("0", False), ("yes", True)],
    "x_log_level": [("DEBUG", 10), ("30", 30)],
}
NAMES = sorted(WRITTEN)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="pluto")
    return caplog


def test_every_setting_with_a_variable_is_tested_here() -> None:
    assert {name for name, row in TABLE.items() if row.env} == WRITTEN.keys()


@pytest.mark.parametrize("name", NAMES)
def test_each_variable_is_read_under_each_of_its_names(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in TABLE[name].env:
        written, value = WRITTEN[name][0]
        with monkeypatch.context() as patch:
            patch.setenv(variable, written)
            if variable.startswith("MLOP_"):
                current = TABLE[name].env[0]
                with pytest.warns(DeprecationWarning, match=f"{variable} .*{current}"):
                    assert getattr(setup(), name) == value
            else:
                assert getattr(setup(), name) == value


@pytest.mark.parametrize("name", [name for name in NAMES if len(TABLE[name].env) > 1])
def test_the_current_name_of_a_variable_goes_before_the_old_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, value), (second, _) = WRITTEN[name]
    monkeypatch.setenv(TABLE[name].env[0], first)
    monkeypatch.setenv(TABLE[name].env[-1], second)
    assert getattr(setup(), name) == value


def test_an_empty_key_variable_does_not_hide_the_one_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", "")
    monkeypatch.setenv("PLUTO_API_TOKEN", "mlps_T")
    assert setup().api_key == "mlps_T"


values = st.sampled_from([0, 1])


@given(
    environment=st.dictionaries(st.sampled_from(NAMES), values),
    settings=st.dictionaries(st.sampled_from(NAMES), values),
    overrides=st.dictionaries(st.sampled_from(NAMES), values),
    as_object=st.booleans(),
)
def test_arguments_go_before_settings_before_environment_before_defaults(
    environment: dict[str, int],
    settings: dict[str, int],
    overrides: dict[str, int],
    as_object: bool,
) -> None:
    addresses = {name for name in NAMES if name.startswith("url_")}
    given_settings: Any = {name: WRITTEN[name][index][0] for name, index in settings.items()}
    if as_object:
        given_settings = Settings()
        for name, index in settings.items():
            setattr(given_settings, name, WRITTEN[name][index][0])
    with pytest.MonkeyPatch.context() as patch:
        for name, index in environment.items():
            patch.setenv(TABLE[name].env[0], WRITTEN[name][index][0])
        result = setup(
            given_settings, **{name: WRITTEN[name][index][0] for name, index in overrides.items()}
        )
    for name in set(NAMES) - addresses:
        layers = [layer[name] for layer in (overrides, settings, environment) if name in layer]
        expected = WRITTEN[name][layers[0]][1] if layers else TABLE[name].default
        assert getattr(result, name) == expected


def test_the_callers_dict_and_object_are_left_as_they_were() -> None:
    values = {"project": "mine", "compat": {"createdAt": 1}, "host": "gpu7"}
    before = copy.deepcopy(values)
    mine = Settings()
    mine.project = "other"
    setup(values).compat["createdAt"] = 2
    setup(mine, host="gpu7").project = "third"
    assert values == before
    assert (mine.project, mine.host) == ("other", None)


def test_two_settings_share_no_mutable_value() -> None:
    first, second = Settings(), Settings()
    first._sys["cpu"] = 1
    first.compat["x"] = 1
    assert (second._sys, second.compat) == ({}, {})
    assert first.meta is not second.meta


def test_an_object_does_not_switch_the_environment_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", "mlps_E")
    monkeypatch.setenv("PLUTO_PROJECT", "from-environment")
    mine = Settings()
    mine.project = "pluto"  # the default's value, but said
    assert (setup(mine).project, setup(mine).api_key) == ("pluto", "mlps_E")


def test_what_a_run_found_out_is_not_taken_over_into_another() -> None:
    used = setup()
    used._op_id, used._display_id, used.url_view = 42, "MMP-1", "http://x"
    used.select_run("shared")
    fresh = setup(used)
    assert (fresh._op_id, fresh._display_id, fresh.url_view, fresh._external_id) == (None,) * 4


def test_the_working_directory_is_that_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Settings()
    monkeypatch.chdir(tmp_path.parent)
    assert setup(before).dir == str(tmp_path.parent)


def test_a_tilde_in_the_directory_is_the_home_directory() -> None:
    assert setup(dir="~/runs").dir == os.path.join(os.environ["HOME"], "runs")


def test_unknown_settings_are_told_once_with_the_nearest_name(
    told: pytest.LogCaptureFixture,
) -> None:
    settings = setup({"projct": "x", "batch_size": 3}, modee="offline", nmae="y")
    assert len(told.messages) == 1
    assert "'nmae' (did you mean 'name'?)" in told.messages[0]
    assert "'projct' (did you mean 'project'?)" in told.messages[0]
    assert "'modee' (did you mean 'mode'?)" in told.messages[0]
    assert settings.batch_size == 3  # type: ignore[attr-defined]


def test_every_argument_of_init_is_a_setting_or_known_as_an_argument() -> None:
    arguments = set(inspect.signature(pluto.init).parameters) - {"kwargs"}
    assert arguments - set(TABLE) == set(INIT_ARGUMENTS)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if not row.help])
def test_settings_of_the_earlier_client_are_accepted_in_silence(
    name: str, told: pytest.LogCaptureFixture
) -> None:
    assert getattr(setup({name: 7}), name) == 7
    assert told.messages == []


def test_the_earlier_name_of_the_finish_timeout_still_works() -> None:
    assert setup(sync_process_shutdown_timeout=60).finish_timeout == 60.0
    assert setup(sync_process_shutdown_timeout=60, finish_timeout=3).finish_timeout == 3.0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("url", "myhost", "setting 'url' needs the form https://name"),
        ("url_api", "ftp://x", "setting 'url_api' needs the form"),
        ("url_api", "http://x:99999", "setting 'url_api' needs the form"),
        ("url", "http://user:secret@x", "PLUTO_API_KEY"),
        ("host", "my host", "setting 'host' needs a name, name:port, a URL or 'local'"),
        ("host", "gpu7/path", "setting 'host' needs"),
        ("mode", "offlin", "needs one of perf, debug, noop, offline, local, got 'offlin'"),
        ("durability", "raid", "needs one of process, fsync"),
        ("finish_timeout", "soon", "needs a number of seconds"),
        ("finish_timeout", float("nan"), "needs a number of seconds"),
        ("init_timeout", -1, "needs a number of seconds"),
        ("disable_console", "perhaps", "needs true or false"),
        ("compat", "text", "needs a dict"),
        ("_auth", "mlps_ü", "needs an API key as it was shown"),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_the_form_it_needs(
    name: str, value: Any, says: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        setup({name: value})


def test_a_refused_key_or_password_is_not_in_the_message() -> None:
    with pytest.raises(UsageError) as refused:
        setup(_auth="mlps_sécret")
    assert "cret" not in str(refused.value)
    with pytest.raises(UsageError) as refused:
        setup(http_proxy="socks://user:hunter2@proxy")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"), [("PLUTO_URL", "x"), ("PLUTO_MODE", "x"), ("PLUTO_HOST", "a b")]
)
def test_a_bad_variable_that_decides_where_data_goes_is_refused(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"environment variable {variable} needs"):
        setup()


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name].read in LENIENT])
def test_any_other_bad_variable_is_told_and_the_default_stays(
    name: str, monkeypatch: pytest.MonkeyPatch, told: pytest.LogCaptureFixture
) -> None:
    variable = TABLE[name].env[0]
    for bad in ("soon", ""):
        told.clear()
        monkeypatch.setenv(variable, bad)
        assert getattr(setup(), name) == TABLE[name].default
        assert f"invalid {variable}" in told.text


def test_settings_of_another_type_are_refused() -> None:
    with pytest.raises(UsageError, match=r"a dict or pluto\.Settings, got list"):
        setup([])  # type: ignore[arg-type]


def test_the_dict_form_has_every_field_and_all_urls() -> None:
    settings = setup(url=ONE)
    assert settings.to_dict().keys() >= TABLE.keys() | {"_op_id", "_op_name", "url_view", "meta"}
    assert settings.to_dict()["url_py"] == ONE


def test_the_public_form_has_no_secrets() -> None:
    secret = {"_auth": "mlps_S", "http_proxy": "http://u:p@x", "url_webhook": "https://hooks/S"}
    public = setup(secret, url="http://a").public()
    assert "mlps_S" not in str(public)
    assert not {name for name in public if name.startswith("_")} | public.keys() & secret.keys()
    assert public["url"] == "http://a"


@pytest.mark.parametrize(
    ("run_id", "facts"),
    [
        (17, (17, None, None)),
        ("17", (17, None, None)),
        ("T0-123", (None, "T0-123", None)),
        ("t0-123", (None, None, "t0-123")),
        ("PROJX-1", (None, None, "PROJX-1")),
        ("my run", (None, None, "my run")),
        (np.int64(17), (17, None, None)),
        (UUID(int=1), (None, None, "00000000-0000-0000-0000-000000000001")),
        (1.5, (None, None, None)),
        (np.float64(1.5), (None, None, None)),
    ],
)
def test_a_run_id_is_a_number_a_display_id_or_an_external_id(
    run_id: object, facts: tuple[object, ...], caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings()
    settings.select_run(run_id)
    chosen = (settings._resume_run_id, settings._resume_display_id, settings._external_id)
    assert chosen == facts
    assert (caplog.messages != []) == (facts == (None, None, None))


def test_the_warning_of_an_old_variable_names_the_line_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLOP_PROJECT", "old")
    monkeypatch.setenv("MLOP_RUN_ID", "old")
    with pytest.warns(DeprecationWarning, match="MLOP_") as warned:
        run = pluto.init(mode="noop")
    run.finish()
    assert [warning.filename for warning in warned] == [__file__, __file__]


def test_an_explicit_run_id_replaces_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUTO_RUN_ID", "shared")
    settings = setup()
    assert (settings._external_id, settings._external_id_from_env) == ("shared", True)
    settings.select_run("MMP-3")
    chosen = (settings._external_id, settings._external_id_from_env, settings._resume_display_id)
    assert chosen == (None, False, "MMP-3")


def test_names_cannot_lead_the_run_directory_out_of_the_base() -> None:
    settings = setup(dir="/base", project="../../etc")
    settings._op_name = "../../passwd"
    assert (
        os.path.commonpath(["/base/.pluto", os.path.normpath(settings.get_dir())]) == "/base/.pluto"
    )


def test_notebooks_are_known_by_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings()._nb()
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert Settings()._nb()
