"""What components that read share: a reader's folder, opened at first use."""

from __future__ import annotations

from pathlib import Path

from qa.reader.reader import Reader


class ReaderBound:
    """Holds the reader of folder ``model``, the shipped one if None, with so many ``threads``."""

    model: str | None
    threads: int
    _reader: Reader | None = None

    def warm_up(self) -> None:
        """Load the model; raises :class:`qa.errors.ModelError`."""
        if self._reader is None:
            folder = Path(self.model) if self.model else None
            self._reader = Reader.load(folder, threads=self.threads)

    def close(self) -> None:
        """Let go of the model."""
        self._reader = None

    @property
    def reader(self) -> Reader:
        """The loaded reader."""
        self.warm_up()
        assert self._reader is not None
        return self._reader
