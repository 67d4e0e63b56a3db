"""Keeps the vector index in step with the truth: segments are added, now and then made into one."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import uuid
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from indexing.engines.embedded import corpus, manifest, vectors
from indexing.engines.embedded.database import Database
from indexing.engines.embedded.derived import Derived
from indexing.engines.embedded.lock import WriterLock
from indexing.engines.embedded.vector_segment import Segment, SegmentInfo, write_segment

FOLDER_NAME = "vectors"
FORMAT = 1
MOST_SEGMENTS = 8
ALWAYS_WHOLE_UP_TO = 20_000
"""Vectors that are written anew whenever there are more: a fraction of a second."""
LARGEST_LOOSE_SHARE = 0.2
"""Of dead vectors, and of those outside the largest segment, before all are made into one."""

Moment = tuple[str, int]
"""The generation of a store's vectors, and the last sequence number of it."""


@dataclass(frozen=True, slots=True)
class VectorManifest:
    """What the index was made from. Vectors up to ``sequence`` are in ``segments``."""

    store_id: str
    generation: str
    encoder: str
    dimension: int
    sequence: int
    segments: tuple[SegmentInfo, ...] = ()
    format: int = FORMAT


class DerivedVectors(Derived[tuple[Segment, ...], VectorManifest]):
    """The vector index of one store; see :class:`Derived`.

    Removed vectors stay in their segments until those are made anew; the truth says that they are
    gone. So removals need no work here.
    """

    def __init__(self, store: Path, database: Database, lock: WriterLock) -> None:
        super().__init__(store / FOLDER_NAME, database, lock)

    def sync(self) -> None:
        """Catch up now. The caller holds the writer lock."""
        with self._mutex:
            self._look_at_disk()
            self._follow()

    def rebuild(self) -> None:
        """Make the index anew as one segment. The caller holds the writer lock."""
        with self._mutex, self._database.reading() as connection:
            self._write_whole(connection)

    def _target(self, connection: sqlite3.Connection) -> Moment:
        known = vectors.recorded(connection)
        return (known.generation, vectors.last_sequence(connection)) if known else ("", 0)

    def _reached(self, known: VectorManifest) -> Moment:
        return known.generation, known.sequence

    def _empty(self) -> tuple[Segment, ...]:
        return ()

    def _load(self) -> VectorManifest | None:
        try:
            raw = json.loads((self._folder / manifest.FILE_NAME).read_text("utf-8"))
            if raw.get("format") != FORMAT:
                return None
            raw["segments"] = tuple(_segment_info(one) for one in raw["segments"])
            return VectorManifest(**raw)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _fits(self, found: VectorManifest) -> bool:
        with self._database.reading() as connection:
            store_id = corpus.state(connection).store_id
            generation, sequence = self._target(connection)
        return (found.store_id, found.generation) == (store_id, generation) and (
            found.sequence <= sequence
        )

    def _open(self, found: VectorManifest) -> None:
        have = {segment.info.folder: segment for segment in self._index or ()}
        opened = tuple(
            have.get(info.folder) or Segment(self._folder, info, found.dimension)
            for info in found.segments
        )
        self._index, self._manifest = opened, found

    def _follow(self) -> None:
        with self._database.reading() as connection:
            target = self._target(connection)
            known = self._manifest
            if known is None or self._index is None or known.generation != target[0]:
                if target[0]:
                    self._write_whole(connection)
                else:
                    self._forget()
            elif self._is_loose(connection, known):
                self._write_whole(connection)
            elif known.sequence != target[1]:
                self._add_segment(connection, known, target[1])

    def _is_loose(self, connection: sqlite3.Connection, known: VectorManifest) -> bool:
        live = vectors.count(connection)
        held = sum(one.count for one in known.segments)
        behind = known.sequence != self._target(connection)[1]
        if live <= ALWAYS_WHOLE_UP_TO:
            return behind or held > live
        largest = max((one.count for one in known.segments), default=0)
        loose = max(held - live, live - largest)
        many = behind and len(known.segments) >= MOST_SEGMENTS
        return many or loose > LARGEST_LOOSE_SHARE * live

    def _write_whole(self, connection: sqlite3.Connection) -> None:
        known = vectors.recorded(connection)
        if known is None:
            self._forget()
            return
        made = VectorManifest(
            corpus.state(connection).store_id,
            known.generation,
            known.space.encoder,
            known.space.dimension,
            vectors.last_sequence(connection),
        )
        self._adopt(replace(made, segments=(self._segment(connection, made, 0),)))

    def _add_segment(
        self, connection: sqlite3.Connection, known: VectorManifest, sequence: int
    ) -> None:
        added = self._segment(connection, known, known.sequence)
        segments = (*known.segments, added) if added.count else known.segments
        self._adopt(replace(known, sequence=sequence, segments=segments))

    def _segment(
        self, connection: sqlite3.Connection, made: VectorManifest, after: int
    ) -> SegmentInfo:
        return write_segment(
            self._folder,
            f"{made.sequence}-{uuid.uuid4().hex[:8]}",
            vectors.by_product(connection, after),
            partial(vectors.blobs, connection),
            made.dimension,
        )

    def _adopt(self, made: VectorManifest) -> None:
        manifest.save(self._folder, made)
        self._open(made)
        self._stamp = manifest.stamp(self._folder)
        self._remove_other_folders([one.folder for one in made.segments])

    def _forget(self) -> None:
        self._index = self._manifest = self._stamp = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _build_in_memory(self) -> None:
        """The files are mapped and then removed: what is mapped stays until it is let go."""
        with tempfile.TemporaryDirectory(prefix="reviewqa-") as scratch:
            elsewhere = DerivedVectors(Path(scratch), self._database, self._lock)
            elsewhere.rebuild()
            self._index, self._manifest = elsewhere._index, elsewhere._manifest


def _segment_info(raw: dict[str, object]) -> SegmentInfo:
    files = raw["files"]
    assert isinstance(files, dict)
    sizes = {str(name): (int(size), int(crc)) for name, (size, crc) in files.items()}
    return SegmentInfo(**raw | {"files": sizes})  # type: ignore[arg-type]
