"""Byte streams of files and of standard input, decompressed on the way, counting what is read."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from indexing.errors import SourceNotFound, UnreadableSource

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 1 << 27
"""128 MiB: what a frame may make us hold; larger windows are refused."""

_ZSTD_CHUNK = 512
"""Bytes fed at a time: a block of a few bytes may stand for 128 KiB, so this bounds a bomb."""

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
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)), _BUFFER)
    if compression == "zst":
        return io.BufferedReader(_ZstdRaw(stream), _BUFFER)
    return stream


class _ZstdRaw(io.RawIOBase):
    """Frames one after the other; unlike zstandard's own reader it notices a frame cut short."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._new_frame()
        self._between_frames = True
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        while not self._ready:
            chunk = self._stream.read(_ZSTD_CHUNK)
            if not chunk:
                if not self._between_frames:
                    raise EOFError("the compressed file ends in the middle of a frame")
                return 0
            self._ready = memoryview(self._feed(chunk))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _feed(self, chunk: bytes) -> bytes:
        output = []
        while chunk:
            output.append(self._frame.decompress(chunk))
            self._between_frames = self._frame.eof
            if not self._frame.eof:
                break
            chunk = self._frame.unused_data
            self._new_frame()
        return b"".join(output)

    def _new_frame(self) -> None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = decompressor.decompressobj()


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
