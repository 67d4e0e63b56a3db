"""Byte streams of files and of standard input, decompressed on the way, counting what is read."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard

from indexing.errors import SourceNotFound, UnreadableSource

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 1 << 27
"""128 MiB: what a frame may make us hold; larger windows are refused."""

_GZIP_CHUNK, _ZSTD_CHUNK = 16_384, 512
"""Compressed bytes fed at a time. Each may stand for 1,032 and 32,768 others: 16 MiB a feed."""

_BUFFER = 1 << 18
STDIN = "-"

TRUNCATED_ERRORS = (EOFError, OSError, zlib.error, zstandard.ZstdError)
"""What reading a cut or damaged compressed stream raises."""


class ByteStream:
    """Decompressed bytes of one source; ``read_bytes`` counts the compressed ones consumed."""

    def __init__(self, raw: BinaryIO, path: Path | None, total_bytes: int | None) -> None:
        self._counted = _Counting(raw)
        self.path = path
        self.total_bytes = total_bytes
        buffered: io.BufferedReader = io.BufferedReader(self._counted, _BUFFER)
        self.compression = _compression(buffered.peek(4)[:4])
        self.buffer = _decompressed(buffered, self.compression)

    @property
    def read_bytes(self) -> int:
        return self._counted.count

    def peek(self, size: int = 4096) -> bytes:
        """The first bytes, without consuming them; fewer when the stream is short or damaged."""
        try:
            return self.buffer.peek(size)[:size]
        except TRUNCATED_ERRORS:
            return b""


class _Counting(io.RawIOBase):
    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _compression(magic: bytes) -> str | None:
    if magic.startswith(_GZIP):
        return "gz"
    return "zst" if magic == _ZSTD else None


def _decompressed(stream: io.BufferedReader, compression: str | None) -> io.BufferedReader:
    """Told by the first bytes, not by the name: dumps are often named wrongly."""
    if compression == "gz":
        return io.BufferedReader(_Decompressing(stream, _gzip_member, _GZIP_CHUNK), _BUFFER)
    if compression == "zst":
        return io.BufferedReader(_Decompressing(stream, _zstd_frame, _ZSTD_CHUNK), _BUFFER)
    return stream


class _Frame(Protocol):
    """One gzip member or Zstandard frame being decompressed."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Decompressing(io.RawIOBase):
    """Members one after the other, little by little.

    The libraries' own readers lose what stands before a fault in the same block, and
    zstandard's does not notice a file that was cut short.
    """

    def __init__(
        self, stream: io.BufferedReader, new_frame: Callable[[], _Frame], chunk: int
    ) -> None:
        self._stream = stream
        self._new_frame = new_frame
        self._chunk = chunk
        self._frame = new_frame()
        self._between_frames = True
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        while not self._ready:
            chunk = self._stream.read(self._chunk)
            if not chunk:
                if not self._between_frames:
                    raise EOFError("the compressed file ends too early")
                return 0
            self._ready = memoryview(self._feed(chunk))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _feed(self, chunk: bytes) -> bytes:
        output = []
        while chunk := chunk.lstrip(b"\0") if self._between_frames else chunk:
            output.append(self._frame.decompress(chunk))
            self._between_frames = self._frame.eof
            if not self._frame.eof:
                break
            chunk = self._frame.unused_data
            self._frame = self._new_frame()
        return b"".join(output)


def _gzip_member() -> _Frame:
    return zlib.decompressobj(wbits=31)


def _zstd_frame() -> _Frame:
    frame: _Frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    return frame


@contextmanager
def open_stream(source: str | Path) -> Iterator[ByteStream]:
    """Open a file, or standard input for ``-``.

    Raises :class:`SourceNotFound` or :class:`UnreadableSource`.
    """
    if str(source) == STDIN:
        yield ByteStream(sys.stdin.buffer, None, None)
        return
    path = Path(source)
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise SourceNotFound(f"no such file: {path}") from error
    except OSError as error:
        raise UnreadableSource(f"{path} cannot be opened: {error.strerror}") from error
    with file:
        yield ByteStream(cast(BinaryIO, file), path, path.stat().st_size)
