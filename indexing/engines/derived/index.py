"""What derived indexes have in common: they follow the truth, catch up, are made again."""

from __future__ import annotations

import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from indexing.engines.derived import manifest as manifests
from indexing.engines.derived.lock import WriterLock

I = TypeVar("I")  # noqa: E741
M = TypeVar("M")


class IndexUnusable(Exception):
    """The files of an index cannot be read or are not what they should be."""


class Derived(ABC, Generic[I, M]):
    """An index of one store in a folder. Whoever holds the writer lock may change it."""

    def __init__(self, folder: Path, lock: WriterLock, *, writable: bool) -> None:
        self._folder = folder
        self._lock = lock
        self._writable = writable
        self._mutex = threading.RLock()
        self._index: I | None = None
        self._manifest: M | None = None
        self._stamp: tuple[int, int] | None = None

    def current(self) -> I:
        """The index, as fresh as it can be had now.

        It lags behind the truth only while another process writes; that one brings it up.
        """
        target = self._target()
        # Set in the other order: whoever sees a manifest sees its index, or a later one.
        known, index = self._manifest, self._index
        if index is not None and known is not None and self._covers(known, target):
            return index
        with self._mutex:
            return self._refreshed(target)

    def distrust(self) -> None:
        """Forget an index that turned out to be broken; the next use makes a new one."""
        with self._mutex:
            self._index = self._manifest = self._stamp = None
            if self._writable and self._lock.acquire():
                with suppress(OSError):
                    (self._folder / manifests.FILE_NAME).unlink()
                self._lock.release()

    @property
    def manifest(self) -> M | None:
        """Of the index in use."""
        return self._manifest

    @abstractmethod
    def _target(self) -> Hashable:
        """The moment of the truth that an index is to be of."""

    @abstractmethod
    def _covers(self, known: M, target: Hashable) -> bool:
        """Whether an index has all that the truth had at that moment."""

    @abstractmethod
    def _empty(self) -> I:
        """What to search while there is nothing else."""

    @abstractmethod
    def _load(self) -> M | None:
        """The manifest on disk; None without one that can be read."""

    @abstractmethod
    def _fits(self, found: M) -> bool:
        """Whether what is on disk is of this store, and made by today's rules."""

    @abstractmethod
    def _open(self, found: M) -> None:
        """Take over what is on disk; raises :class:`IndexUnusable`."""

    @abstractmethod
    def _follow(self) -> None:
        """Catch up with the truth before a search. The writer lock is held."""

    @abstractmethod
    def _build_in_memory(self) -> None:
        """Make an index of a store that cannot be written to."""

    def _refreshed(self, target: Hashable) -> I:
        self._look_at_disk()
        if (
            self._index is None
            or self._manifest is None
            or not self._covers(self._manifest, target)
        ):
            self._bring_up()
        return self._index if self._index is not None else self._empty()

    def _bring_up(self) -> None:
        if not self._writable:
            self._build_in_memory()
        elif self._lock.acquire():
            try:
                self._look_at_disk()
                self._follow()
            finally:
                self._lock.release()

    def _look_at_disk(self) -> None:
        """Follow what another process has done to the index."""
        stamp = manifests.stamp(self._folder)
        if stamp is None or stamp == self._stamp:
            return
        found = self._load()
        if found is None or not self._fits(found):
            self._index = self._manifest = None
            return
        try:
            self._open(found)
        except IndexUnusable:
            self._index = self._manifest = None
        else:
            self._stamp = stamp

    def _remove_other_folders(self, keep: Collection[str]) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)
