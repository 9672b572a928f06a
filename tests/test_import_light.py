"""`import pluto` is light: what a script does not use, it does not pay for."""

import subprocess
import sys

import pytest

HEAVY = frozenset(
    [
        "numpy",
        "PIL",
        "httpx",
        "torch",
        "psutil",
        "keyring",
        "click",
        "granian",
        "starlette",
        "msgspec",
        "pynvml",
        "sqlite3",
        "asyncio",
        "rich",
        "pandas",
        "matplotlib",
        "sklearn",
    ]
)


@pytest.mark.parametrize("package", ["pluto", "mlop"])
def test_importing_the_package_imports_nothing_heavy(package: str) -> None:
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        f"before = set(sys.modules)\nimport {package}\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert HEAVY.isdisjoint(result.stdout.split())
