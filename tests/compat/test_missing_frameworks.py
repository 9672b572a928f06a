"""A hook whose framework is not installed says what to install."""

import subprocess
import sys

import pytest

HOOKS = {
    "pluto.compat.torch": ("torch", "torch"),
    "pluto.compat.lightning": ("lightning", "lightning"),
    "pluto.compat.transformers": ("transformers", "transformers accelerate"),
    "pluto.compat.accelerate": ("accelerate", "accelerate"),
}
WITHOUT_FRAMEWORKS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "lightning", "pytorch_lightning", "transformers",
                                      "accelerate", "lightning_utilities"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def run(code: str) -> str:
    command = [sys.executable, "-c", WITHOUT_FRAMEWORKS + code]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return result.stdout + result.stderr


@pytest.mark.parametrize("hook", HOOKS)
def test_importing_a_hook_without_its_framework_says_what_to_install(hook: str) -> None:
    framework, packages = HOOKS[hook]
    printed = run(f"try:\n    import {hook}\nexcept ImportError as error:\n    print(error)")
    assert f"works with {framework}, which is not installed" in printed
    assert f"which is not installed: pip install {packages}\n" in printed


def test_watching_without_torch_says_what_to_install() -> None:
    printed = run("import pluto\nrun = pluto.init(mode='noop')\nrun.watch(object())")
    assert "ImportError: this part of Pluto works with torch, which is not installed" in printed


def test_the_rest_of_pluto_works_without_any_framework() -> None:
    printed = run("import pluto\nwith pluto.init() as run:\n    run.log({'loss': 1.0})")
    assert "1 rows logged" in printed
