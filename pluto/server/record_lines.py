"""Log lines and data lines of the wire (newline-delimited JSON) to records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from pluto.storage import BadLine, Kind, Record

Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_BLANKS: Final = b" \t\r"


class _LogLine(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    time: Natural
    message: str
    line_number: Natural
    log_type: str


class _DataLine(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    time: Natural
    step: Natural
    data: str
    data_type: str
    log_name: str


_log_decoder = msgspec.json.Decoder(_LogLine)
_data_decoder = msgspec.json.Decoder(_DataLine)


class BadRecordLine(BadLine):
    """A line that is no record.

    Attributes:
        records: those of the lines before it.
    """

    def __init__(self, number: int, reason: str, line: bytes, records: list[Record]) -> None:
        super().__init__(number, reason, line, [])
        self.records = records


def parse_log_lines(body: bytes) -> list[Record]:
    """Return the console records of `body`.

    Raises:
        BadRecordLine: at the first line that does not parse; it carries the records before it.

    Example:
        >>> parse_log_lines(b'{"time":1,"message":"hi","lineNumber":1,"logType":"INFO"}')[0].body
        b'hi'
    """
    return _parse(body, _log_decoder, _log_record)


def parse_data_lines(body: bytes) -> list[Record]:
    """Return the data records of `body`.

    Raises:
        BadRecordLine: at the first line that does not parse; it carries the records before it.
    """
    return _parse(body, _data_decoder, _data_record)


def _parse(
    body: bytes, decoder: msgspec.json.Decoder[Any], convert: Callable[[Any], Record]
) -> list[Record]:
    try:
        return [convert(line) for line in decoder.decode_lines(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return _parse_one_by_one(body, decoder, convert)


def _parse_one_by_one(
    body: bytes, decoder: msgspec.json.Decoder[Any], convert: Callable[[Any], Record]
) -> list[Record]:
    records: list[Record] = []
    for number, raw in enumerate(line.strip(_BLANKS) for line in body.split(b"\n")):
        if not raw:
            continue
        try:
            records.append(convert(decoder.decode(raw)))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise BadRecordLine(number, str(error), raw, records) from error
    return records


def _log_record(line: _LogLine) -> Record:
    _require(line.log_type, "logType")
    body = line.message.encode()
    return Record(Kind.CONSOLE, line.time, line.line_number, "", line.log_type, body)


def _data_record(line: _DataLine) -> Record:
    _require(line.data_type, "dataType")
    _require(line.log_name, "logName")
    body = line.data.encode()
    return Record(Kind.DATA, line.time, line.step, line.log_name, line.data_type, body)


def _require(text: str, field: str) -> None:
    if not text.strip():
        raise ValueError(f"'{field}' field cannot be empty")
