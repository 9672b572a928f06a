"""Takes the bytes of this moment into a run's staging directory."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

PIECE_BYTES = 1 << 20
"""Read and written at once where the kernel cannot copy by itself."""

_KERNEL_PIECE_BYTES = 64 << 20

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

    def __init__(self, directory: Path) -> None:
        self.directory = directory
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
                (self.directory / name).unlink(missing_ok=True)

    def create(self) -> IO[bytes]:
        """Open a new file, unbuffered; its name without the directory is the last of `names`."""
        name = f"{self.token}-{len(self._names)}"
        self._names.append(name)
        path = os.path.join(self.directory, name)
        try:
            return open(path, "xb", buffering=0)
        except FileNotFoundError:
            self.directory.mkdir(parents=True, exist_ok=True)
            return open(path, "xb", buffering=0)

    def put_bytes(self, content: bytes | bytearray | memoryview) -> str:
        """Stage bytes and return the name of the staged file."""
        with self.create() as target:
            _write_all(target, memoryview(content))
        return self._names[-1]

    def put_array(self, array: NDArray[Any]) -> str:
        """Stage the elements of an array in C order, as they are in memory."""
        import numpy as np

        plain = np.ascontiguousarray(array)
        return self.put_bytes(plain.reshape(-1).view(np.uint8).data)

    def put_file(self, path: str) -> str:
        """Stage a copy of a file; shares the blocks where the file system can (reflink).

        A hard link would not do: a later write to the file would change the logged bytes.
        """
        with open(path, "rb", buffering=0) as source, self.create() as target:
            if not _copy_in_kernel(source.fileno(), target.fileno()):
                shutil.copyfileobj(source, target, PIECE_BYTES)
        return self._names[-1]


def _write_all(target: IO[bytes], content: memoryview) -> None:
    """Write everything: a single write may take less (2 GiB at most, or a full disk)."""
    while content:
        content = content[target.write(content) :]


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
