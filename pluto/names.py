"""Names that people give and the forms of them that are safe on disk and on the wire."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from pluto.errors import UsageError

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_UNSAFE_ON_DISK = re.compile(r"[^A-Za-z0-9_.-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DISPLAY_ID = re.compile(r"^[A-Z0-9]{1,4}-\d+$")

MAX_DIRECTORY_NAME = 80
TRASH = ".trash"
"""The directory of a project in which its deleted runs stand."""


def random_id(length: int = 8) -> str:
    """Return a random lower-case id; independent of `random.seed`."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(length))


def clean_name(name: str) -> str:
    r"""Return `name` without control characters and lone surrogates, which no wire carries.

    Example:
        >>> clean_name("val/loss\n")
        'val/loss-'
    """
    return _CONTROL.sub("-", name)


def clean_key(key: object) -> str:
    """Return the name under which a logged value is stored: a non-blank text."""
    text = clean_name(key if isinstance(key, str) else str(key))
    return text if text.strip() else "-"


def clean_tags(tags: object) -> list[str]:
    """Return tags, given as one text or as several of anything, as texts, each once.

    Example:
        >>> clean_tags("baseline"), clean_tags(["seed", 1, "seed"]), clean_tags(None)
        (['baseline'], ['seed', '1'], [])

    Raises:
        UsageError: it is neither a text nor several of them.
    """
    given = [] if tags is None else [tags] if isinstance(tags, str) else tags
    if not isinstance(given, Iterable):
        raise UsageError(f"tags must be a text or a list of texts, got {tags!r}")
    return list(dict.fromkeys(clean_name(str(tag)) for tag in given))


def directory_name(name: str) -> str:
    """Return a file name for any text: ASCII, no separators, at most 80 characters.

    A text that had to be changed gets a digest of the original, so that two texts never share a
    directory by accident.

    Example:
        >>> directory_name("baseline")
        'baseline'
        >>> directory_name("../../etc") == directory_name("../etc")
        False
    """
    safe = _UNSAFE_ON_DISK.sub("-", name).strip(".-")[:MAX_DIRECTORY_NAME]
    if safe == name and safe:
        return safe
    import hashlib

    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[: MAX_DIRECTORY_NAME - 9]}-{digest}".lstrip("-")


def is_display_id(text: str) -> bool:
    """Tell whether `text` looks like a display id such as `MMP-42`."""
    return _DISPLAY_ID.match(text) is not None


# fmt: off
_ADJECTIVES = (
    "amber", "brave", "brisk", "calm", "clear", "crisp", "deft", "eager", "fair", "fond",
    "gentle", "glad", "grand", "keen", "kind", "lively", "lucid", "mellow", "merry", "mild",
    "neat", "noble", "patient", "plain", "proud", "quick", "quiet", "rapid", "ready",
    "sharp", "silent", "smooth", "steady", "still", "subtle", "sunny", "swift", "tidy",
    "vivid", "warm", "wise",
)
_NOUNS = (
    "aspen", "badger", "beacon", "birch", "brook", "canyon", "cedar", "comet", "coral",
    "crane", "delta", "ember", "falcon", "fern", "fjord", "glade", "harbor", "hazel",
    "heron", "island", "juniper", "lagoon", "lark", "maple", "meadow", "mesa", "moss",
    "otter", "pebble", "pine", "prairie", "raven", "reef", "ridge", "river", "sparrow",
    "summit", "thicket", "tundra", "willow",
)
# fmt: on


def generate_run_id() -> str:
    """Return a readable random id `adjective-noun-xxxxx`; independent of `random.seed`."""
    first, second = os.urandom(1)[0], os.urandom(1)[0]
    adjective = _ADJECTIVES[first % len(_ADJECTIVES)]
    return f"{adjective}-{_NOUNS[second % len(_NOUNS)]}-{random_id(5)}"
