"""Reads files that are logs of records: TensorBoard's event files and wandb's `.wandb` files.

A file that is still written, or whose writer was killed, ends in a torn record: reading stops
there, and a later import goes on. Damage before the end is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from pluto.migrate.run import SourceError

BLOCK: Final = 32_768
HEADER: Final = 7
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
WANDB_MAGIC: Final = b":W&B"
MAX_RECORD: Final = 1 << 31


def tf_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a TFRecord file (https://www.tensorflow.org/tutorials/load_data/tfrecord).

    Format: u64 size, u32 checksum of it, the record, u32 checksum of it.

    Raises:
        SourceError: it is no such file, or damaged before its end.
    """
    try:
        with path.open("rb") as file:
            while len(head := file.read(12)) == 12:
                (size, check) = struct.unpack("<QI", head)
                if size > MAX_RECORD or check != masked_crc(head[:8]):
                    raise SourceError(f"{path} is damaged, or no event file")
                body = file.read(size + 4)
                if len(body) < size + 4:
                    return
                yield body[:size]
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error


def wandb_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a `.wandb` file.

    Format: 7 bytes (`:W&B`, u16 magic, u8 version), then LevelDB's log
    (https://github.com/google/leveldb/blob/main/doc/log_format.md): blocks of 32 KiB with pieces
    of u32 checksum, u16 size, u8 kind (whole, first, middle, last) and the bytes.

    Raises:
        SourceError: it is no such file, or damaged before its end.
    """
    try:
        with path.open("rb") as file:
            if file.read(HEADER)[:4] != WANDB_MAGIC:
                raise SourceError(f"{path} is no .wandb file")
            yield from _log_records(file, path)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error


def _log_records(file: IO[bytes], path: Path) -> Iterator[bytes]:
    place, record = HEADER, b""
    while True:
        left = BLOCK - place % BLOCK
        if left < HEADER:
            file.read(left)
            place += left
            continue
        head = file.read(HEADER)
        if len(head) < HEADER:
            return
        _, size, kind = struct.unpack("<IHB", head)
        piece = file.read(size)
        if len(piece) < size or kind == 0:
            return
        if kind not in (WHOLE, FIRST, MIDDLE, LAST) or size > left - HEADER:
            raise SourceError(f"{path} is damaged at byte {place}")
        place += HEADER + size
        record = piece if kind in (WHOLE, FIRST) else record + piece
        if kind in (WHOLE, LAST):
            yield record


def masked_crc(content: bytes) -> int:
    """Return the checksum that TFRecord files carry: CRC-32C, rotated and shifted.

    Example:
        >>> hex(masked_crc(b"123456789"))
        '0xc78ab0e5'
    """
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _table() -> list[int]:
    """Return the table of CRC-32C (Castagnoli), reflected polynomial 0x82F63B78 (RFC 3720)."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return table


_CRC32C: Final = _table()
