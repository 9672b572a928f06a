"""A hook whose framework is not installed names the extra of Pluto."""

import re
import subprocess
import sys

import pytest

from tests.test_dependencies import required

HOOKS = {
    "pluto.compat.torch": "torch",
    "pluto.compat.lightning": "lightning",
    "pluto.compat.transformers": "transformers",
    "pluto.compat.accelerate": "accelerate",
}
CALLS = {
    "from pluto.compat.wandb import patch; patch()": "wandb",
    "from pluto.compat.tensorboard import patch; patch()": "tensorboard",
    "import pluto.compat.neptune_query as nq; nq.fetch_experiments_table('none')": "neptune",
    "import pluto; pluto.init(mode='noop').watch(object())": "torch",
}
WITHOUT_FRAMEWORKS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "lightning", "pytorch_lightning", "transformers",
                                      "accelerate", "lightning_utilities", "wandb", "tensorboard",
                                      "tensorboardX", "pandas"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def run(code: str) -> str:
    command = [sys.executable, "-c", WITHOUT_FRAMEWORKS + code]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return result.stdout + result.stderr


def told(code: str) -> tuple[str, set[str]]:
    """The extra that the ImportError of some code names, and what that is said to install."""
    printed = run(f"try:\n    {code}\nexcept ImportError as error:\n    print(error)")
    found = re.search(r'pip install "pluto-ml\[(\w+)\]" \(installs ([^)]+)\)', printed)
    assert found, printed
    return found[1], set(found[2].split(" and "))


@pytest.mark.parametrize("hook", HOOKS)
def test_importing_a_hook_without_its_framework_names_the_extra(hook: str) -> None:
    assert told(f"import {hook}") == (HOOKS[hook], required(HOOKS[hook]))


@pytest.mark.parametrize("code", CALLS)
def test_calling_what_needs_a_missing_package_names_the_extra(code: str) -> None:
    assert told(code) == (CALLS[code], required(CALLS[code]))


def test_the_rest_of_pluto_works_without_any_framework() -> None:
    printed = run("import pluto\nwith pluto.init() as run:\n    run.log({'loss': 1.0})")
    assert "1 row logged" in printed
