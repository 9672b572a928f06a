"""What the stand-in for wandb needs of every run: a summary, notes, another name, a whole config."""

from starlette.testclient import TestClient

import pluto
from pluto.storage import RunReader
from tests.compat.reading import known
