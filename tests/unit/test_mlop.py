"""`mlop` is `pluto` under its old name. Each test imports it in an interpreter of its own."""

import subprocess
import sys
import textwrap


def run(code: str, *options: str) -> str:
    """Run the code in a new interpreter and return what it printed."""
    result = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_it_warns_once_and_names_the_line_of_the_user() -> None:
    run("""
        import warnings
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import mlop
            import mlop.sets
            from mlop import init
        (warning,) = caught
        assert warning.category is DeprecationWarning
        assert "import pluto" in str(warning.message)
        assert warning.filename == "<string>", warning.filename
    """)


def test_every_public_name_is_the_same_object() -> None:
    run("""
        import mlop, pluto
        for name in pluto.__all__:
            assert getattr(mlop, name) is getattr(pluto, name), name
        assert mlop.__all__ == pluto.__all__
        assert mlop.__version__ == pluto.__version__
        assert mlop.__name__ == "mlop"
    """)


def test_a_star_import_brings_the_public_names() -> None:
    run("""
        import pluto
        from mlop import *
        assert init is pluto.init and Image is pluto.Image
    """)


def test_names_that_change_at_run_time_are_looked_up_live() -> None:
    output = run("""
        import mlop, pluto
        run = mlop.init(project="old", name="script", mode="local")
        assert mlop.ops == pluto.ops and run in mlop.ops
        mlop.log({"loss": 0.5})
        mlop.finish()
        assert not mlop.ops
    """)
    assert "1 row" in output


def test_setting_and_deleting_a_name_reaches_pluto() -> None:
    run("""
        import mlop, pluto
        mlop.ops = []
        assert pluto.ops == []
        mlop.marker = 1
        assert pluto.marker == 1 and "marker" in dir(mlop)
        del mlop.marker
        assert not hasattr(pluto, "marker")
    """)


def test_submodules_are_the_very_same_modules() -> None:
    run("""
        import importlib, pkgutil, sys
        import mlop, pluto
        heavy = ("pluto.server", "pluto.cli", "pluto.compat", "pluto.__main__")
        found = pkgutil.walk_packages(pluto.__path__, "pluto.")
        names = [module.name for module in found if not module.name.startswith(heavy)]
        names = [name for name in names if not name.endswith(".__main__")]
        assert {"pluto.op", "pluto.sets", "pluto.api", "pluto.data", "pluto.file"} <= set(names)
        for name in names:
            old = importlib.import_module(name.replace("pluto", "mlop", 1))
            assert old is sys.modules[name], name
            assert old.__spec__.name == name
    """)


def test_importing_a_submodule_does_not_shadow_the_function_of_the_same_name() -> None:
    run("""
        import mlop.init, mlop, pluto
        assert callable(mlop.init) and mlop.init is pluto.init
    """)


def test_an_unknown_submodule_or_name_says_so() -> None:
    run("""
        import mlop
        try:
            import mlop.nothing
        except ModuleNotFoundError as error:
            assert error.name == "mlop.nothing"
        else:
            raise AssertionError("found")
        assert not hasattr(mlop, "nothing")
    """)


def test_it_runs_as_a_command() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mlop", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout.strip()
