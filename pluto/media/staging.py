"""Takes the bytes of this moment into a run's staging directory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

PIECE_BYTES = 1 << 20
"""Read and written at once where the kernel cannot copy by itself."""

_KERNEL_PIECE_BYTES = 64 << 20

SUFFIXES = ("", ".out", ".copy", ".sha256")
"""Of a staged file: as it was logged, encoded, being copied, and its digest."""

# O_BINARY exists on Windows only, where its lack would change line ends.
_BINARY = getattr(os, "O_BINARY", 0)
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
EXISTING_FILE = os.O_RDONLY | _BINARY

# The kernel or the file system says that it cannot copy between these two files.
_CANNOT_COPY_IN_KERNEL = frozenset(
    {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
)


class StagingArea:
    """The files that one snapshot puts into the staging directory.

    As a context manager it removes them again when the block fails.

    Attributes:
        token: 32 hexadecimal digits, different for every snapshot.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = os.fspath(directory)
        self.token = os.urandom(16).hex()
        self._names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            for name in self._names:
                remove_staged(Path(self.directory, name))

    @property
    def last(self) -> str:
        """Name of the file that was staged last."""
        return self._names[-1]

    def create(self, suffix: str = "") -> int:
        """Create a file and return its descriptor; `last` and the suffix are its name."""
        name = f"{self.token}-{len(self._names)}"
        self._names.append(name)
        path = os.path.join(self.directory, name + suffix)
        try:
            return os.open(path, _NEW_FILE, 0o600)
        except FileNotFoundError:
            os.makedirs(self.directory, exist_ok=True)
            return os.open(path, _NEW_FILE, 0o600)

    def discard(self) -> None:
        """Remove the file that was staged last."""
        remove_staged(Path(self.directory, self.last))

    def put_bytes(self, content: bytes | bytearray | memoryview) -> str:
        """Stage bytes and return the name of the staged file."""
        target = self.create()
        try:
            _write_all(target, memoryview(content))
        finally:
            os.close(target)
        return self.last

    def put_array(self, array: NDArray[Any]) -> str:
        """Stage the elements of an array in C order, as they are in memory."""
        import numpy as np

        plain = np.ascontiguousarray(array)
        return self.put_bytes(plain.reshape(-1).view(np.uint8).data)

    def put_open_file(self, source: int) -> str:
        """Stage a copy of the file behind a descriptor that stands at its beginning.

        A hard link would not do: a later write to the file would change the logged bytes.
        """
        target = self.create()
        try:
            if not _copy_in_kernel(source, target):
                _copy_in_pieces(source, target)
        finally:
            os.close(target)
        return self.last


def remove_staged(path: Path) -> None:
    """Remove a staged file and what stands beside it under its name."""
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _write_all(target: int, content: memoryview) -> None:
    """Write everything: a single write may take less (2 GiB at most, or a full disk)."""
    while content:
        content = content[os.write(target, content) :]


def _copy_in_pieces(source: int, target: int) -> None:
    while piece := os.read(source, PIECE_BYTES):
        _write_all(target, memoryview(piece))


def _copy_in_kernel(source: int, target: int) -> bool:
    """Copy between two descriptors without reading into this process; False: not possible."""
    copy = getattr(os, "copy_file_range", None)
    if copy is None:
        return False
    copied = 0
    try:
        while count := copy(source, target, _KERNEL_PIECE_BYTES):
            copied += count
    except OSError as error:
        if copied or error.errno not in _CANNOT_COPY_IN_KERNEL:
            raise
        return False
    # Some virtual files report no bytes to the kernel's copy although reading gives some.
    return copied > 0
