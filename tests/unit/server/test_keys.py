import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pluto.errors import UsageError
from pluto.server.keys import Keys, generate_key, hashed
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.tables import KeyRows

OpenKeys = Callable[..., Keys]


@pytest.fixture
def keys_of() -> Iterator[OpenKeys]:
    """Make keys over an index, whose file is closed after the test."""
    with ExitStack() as stack:

        def keys(path: Path | None = None, token: str | None = None) -> Keys:
            return Keys(KeyRows(stack.enter_context(closing(Index(path)))), token)

        yield keys


def test_a_new_key_is_good_and_its_text_is_stored_nowhere(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.db")
    keys = Keys(KeyRows(index), None)

    key = keys.create("laptop")
    index.close()

    assert key.startswith("mlpl_")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key.encode() not in stored
    assert hashed(key).encode() in stored


def test_the_hash_is_the_one_that_other_servers_store() -> None:
    expected = "472d21032484a696bd43303a059e3d9701c870cd9e6d3939f08de892c1989126"
    assert hashed("mlps_AAAAAAAAAAAAAAAAAAAAAAAA") == expected


def test_keys_are_judged_as_unknown_expired_or_revoked(keys_of: OpenKeys) -> None:
    keys = keys_of(token="mlpl_own")
    good, old, gone = keys.create("good"), keys.create("old", 0), keys.create("gone")
    keys.revoke("gone")
    time.sleep(0.002)

    verdicts = [keys.check(key) for key in (good, old, gone, generate_key(), "mlpl_own", "", "ü")]

    assert verdicts == ["ok", "expired", "revoked", "unknown", "ok", "unknown", "unknown"]
    assert [row.state for row in keys.list()] == ["valid", "expired", "revoked"]


def test_an_expired_key_that_is_revoked_counts_as_expired(keys_of: OpenKeys) -> None:
    keys = keys_of()
    key = keys.create("old", 0)
    keys.revoke("old")
    time.sleep(0.002)

    assert keys.check(key) == "expired"


def test_a_change_by_another_process_counts_at_once(tmp_path: Path, keys_of: OpenKeys) -> None:
    serving = keys_of(tmp_path / "index.db")
    terminal = keys_of(tmp_path / "index.db")

    key = terminal.create("laptop")
    before = serving.check(key)
    terminal.revoke("laptop")

    assert (before, serving.check(key)) == ("ok", "revoked")


def test_a_name_is_free_again_after_its_key_was_revoked(keys_of: OpenKeys) -> None:
    keys = keys_of()
    keys.create("laptop")

    with pytest.raises(UsageError, match="there is a key named 'laptop'"):
        keys.create("laptop")
    keys.revoke("laptop")
    keys.create("laptop")

    assert [row.state for row in keys.list()] == ["revoked", "valid"]


@pytest.mark.parametrize("name", ["", " ", " laptop"])
def test_a_blank_name_is_refused(name: str, keys_of: OpenKeys) -> None:
    with pytest.raises(UsageError, match="a key needs a name"):
        keys_of().create(name)


def test_revoking_a_key_that_is_not_there_names_the_command_that_lists_them(
    keys_of: OpenKeys,
) -> None:
    with pytest.raises(UsageError, match="pluto server key list"):
        keys_of().revoke("laptop")
