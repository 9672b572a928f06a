"""Reads protobuf messages by the numbers of their fields, without their definitions.

Numbers and wire types of fields never change their meaning, so that files of any version can be
read, and nothing has to be installed for it (https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from pluto.migrate.run import SourceError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES: Final = {FIXED64: 8, FIXED32: 4}


class Message:
    """A message: for each number the values of the field, in order.

    Args:
        body: its bytes.

    Raises:
        SourceError: they are no message.

    Example:
        >>> message = Message(bytes([0x08, 0x2A, 0x12, 2]) + b"hi")
        >>> message.integer(1), message.text(2), message.text(3)
        (42, 'hi', '')
    """

    def __init__(self, body: bytes | memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        try:
            for number, value in _fields(memoryview(body)):
                self._fields.setdefault(number, []).append(value)
        except (IndexError, ValueError) as error:
            raise SourceError(f"a record is damaged: {error}") from error

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def integer(self, number: int) -> int:
        """Return the last value of an integer field (int32, int64, bool, enum), 0 if absent."""
        value = self._last(number)
        if not isinstance(value, int):
            return 0
        return value - (1 << 64) if value >> 63 else value

    def double(self, number: int) -> float:
        """Return the last value of a double field, 0.0 if absent."""
        value = self._last(number)
        return _unpacked("<d", value) if isinstance(value, memoryview) else 0.0

    def single(self, number: int) -> float:
        """Return the last value of a float field, 0.0 if absent."""
        value = self._last(number)
        return _unpacked("<f", value) if isinstance(value, memoryview) else 0.0

    def doubles(self, number: int) -> list[float]:
        """Return the values of a repeated double field, packed or not."""
        pieces = [value for value in self._fields.get(number, ()) if isinstance(value, memoryview)]
        return [each for piece in pieces for (each,) in struct.iter_unpack("<d", piece)]

    def integers(self, number: int) -> list[int]:
        """Return the values of a repeated field of varints, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, ()):
            found += [value] if isinstance(value, int) else _varints(value)
        return found

    def text(self, number: int) -> str:
        """Return the last value of a string field, "" if absent."""
        return self.blob(number).decode("utf-8", "replace")

    def texts(self, number: int) -> list[str]:
        """Return the values of a repeated string field."""
        return [body.decode("utf-8", "replace") for body in self.blobs(number)]

    def blob(self, number: int) -> bytes:
        """Return the last value of a bytes field, b"" if absent."""
        value = self._last(number)
        return bytes(value) if isinstance(value, memoryview) else b""

    def blobs(self, number: int) -> list[bytes]:
        """Return the values of a repeated bytes field."""
        return [bytes(each) for each in self._fields.get(number, ()) if not isinstance(each, int)]

    def message(self, number: int) -> Message:
        """Return the last value of a message field; an empty one if absent."""
        return Message(self.blob(number))

    def messages(self, number: int) -> list[Message]:
        """Return the values of a repeated message field."""
        return [Message(each) for each in self.blobs(number)]

    def _last(self, number: int) -> int | memoryview | None:
        values = self._fields.get(number)
        return values[-1] if values else None


def _fields(body: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    place = 0
    while place < len(body):
        tag, place = _varint(body, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = _varint(body, place)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, place = _varint(body, place)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError(f"a field of kind {kind}")
        if place + size > len(body):
            raise ValueError("a field goes beyond its end")
        yield tag >> 3, body[place : place + size]
        place += size


def _varint(body: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _varints(body: memoryview) -> list[int]:
    found, place = [], 0
    while place < len(body):
        value, place = _varint(body, place)
        found.append(value)
    return found


def _unpacked(form: str, value: memoryview) -> float:
    if len(value) != struct.calcsize(form):
        raise SourceError("a record is damaged: a number of another size")
    return float(struct.unpack(form, value)[0])
