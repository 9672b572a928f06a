"""Modules that only scripts and tests of the earlier client import are found under their names."""

from __future__ import annotations

import importlib
import io
import logging

import pytest

import pluto
from tests.unit.test_mlop import run

DECLARED = [
    *("api", "auth", "compat", "compat.lightning", "compat.neptune_query", "compat.torch"),
    *("compat.neptune_query.filters", "compat.neptune_query.runs", "compat.transformers"),
    *("compat.wandb", "data", "file", "iface", "init", "log", "migrate", "migrate.cli"),
    *("migrate.loader", "migrate.schema", "migrate.state", "migrate.wandb_export", "op", "query"),
    *("sanitize", "sentry", "sets", "store", "sweep", "sync", "sync.process", "sync.retry"),
    *("sync.store", "sys", "util", "_fs", "_fd_capture", "_wandb_hook"),
]


@pytest.mark.parametrize("name", DECLARED)
def test_a_module_of_the_earlier_client_can_be_imported(name: str) -> None:
    framework = name.removeprefix("compat.")
    if framework in ("lightning", "torch", "transformers"):
        pytest.importorskip(framework)
    module = importlib.import_module(f"pluto.{name}")
    assert module.__name__ == f"pluto.{name}"


def test_modules_of_the_older_package_can_be_imported_under_its_name() -> None:
    run("""
        import warnings
        warnings.simplefilter("ignore")
        import importlib, mlop
        for name in "api auth data file iface init log op sets store sys util sentry".split():
            old, new = (importlib.import_module(f"{each}.{name}") for each in ("mlop", "pluto"))
            assert old is new
        from mlop.util import gen_id
        assert callable(mlop.log) and callable(mlop.init)
    """)


def test_importing_a_module_leaves_the_function_of_the_same_name() -> None:
    run("""
        import pluto.log, pluto.sweep, pluto.init
        import pluto
        from pluto.log import ConsoleHandler
        from pluto.sweep import sweep
        assert pluto.sweep is sweep
        assert all(callable(each) for each in (pluto.log, pluto.sweep, pluto.init))
    """)


def test_none_of_them_is_imported_unless_it_is_asked_for() -> None:
    printed = run("""
        import sys, pluto
        files = [str(getattr(module, "__file__", "")) for module in sys.modules.values()]
        print([file for file in files if "legacy" in file])
    """)
    assert printed.strip() == "[]"


def test_ids_do_not_depend_on_a_seed() -> None:
    import random

    util = importlib.import_module("pluto.util")
    random.seed(1)
    first = util.gen_id(seed=1)
    random.seed(1)
    assert len(first) == 8
    assert util.gen_id(seed=1) != first
    assert util.generate_run_id is pluto.generate_run_id


def test_telemetry_does_nothing() -> None:
    sentry = importlib.import_module("pluto.sentry")
    for name in ("capture_exception", "capture_message", "set_tag", "set_context", "set_user"):
        assert getattr(sentry, name)("anything", {"more": 1}) is None
    assert sentry.flush(timeout=1) is None


def test_a_console_handler_passes_on_and_logs_complete_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = importlib.import_module("pluto.log")
    stream, logger = io.StringIO(), logging.getLogger("test.console")
    handler = module.ConsoleHandler(logger, level=logging.WARNING, stream=stream)
    handler.write("one\ntw")
    handler.write("o\n\nrest")
    assert stream.getvalue() == "one\ntwo\n\nrest"
    assert [record.getMessage() for record in caplog.records] == ["one", "two"]
    handler.flush()
    assert caplog.records[-1].getMessage() == "rest"
    assert handler.isatty() is False


def test_tearing_down_a_logger_leaves_the_handlers_of_the_program() -> None:
    module = importlib.import_module("pluto.log")
    logger = logging.getLogger("test.teardown")
    handler = logging.NullHandler()
    logger.addHandler(handler)
    module.teardown_logger(logger)
    assert logger.handlers == [handler]


def test_each_settings_object_has_a_list_meta_of_its_own() -> None:
    one, other = pluto.Settings(), pluto.Settings()
    one.meta = ["loss"]
    assert other.meta == []
    other.meta = []
