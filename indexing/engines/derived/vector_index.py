"""Keeps a vector index in step with the truth: segments are added, now and then made into one."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from indexing.engines.derived import manifest
from indexing.engines.derived.checksums import checksums
from indexing.engines.derived.index import Derived
from indexing.engines.derived.lock import WriterLock
from indexing.engines.derived.vector_segment import Row, Segment, SegmentInfo, write_segment

FORMAT = 2
"""2: several numberings. An index of another format is made anew."""
MOST_SEGMENTS = 8
ALWAYS_WHOLE_UP_TO = 20_000
"""Vectors that are written anew whenever there are more: a fraction of a second."""
LARGEST_LOOSE_SHARE = 0.2
"""Of dead vectors, and of those outside the largest segment, before all are made into one."""

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a store's vectors were at one time.

    ``generation`` changes when they are begun anew, and their numbers with it. ``reached``: up to
    which number every change was known, in each numbering that the truth has.
    """

    store_id: str
    generation: str
    encoder: str
    dimension: int
    reached: Numbers


class Snapshot(Protocol):
    """The truth as it was at ``moment``, or with some that came later."""

    @property
    def moment(self) -> Moment: ...

    def count(self) -> int:
        """How many vectors there are."""
        ...

    def rows(self, after: Numbers) -> Iterator[Row]:
        """Those with greater numbers, or all where ``after`` is empty, product by product."""
        ...


class VectorTruth(Protocol):
    """Where the vectors of a store are kept, under numbers that none is given twice."""

    def moment(self) -> Moment | None:
        """Cheap, so perhaps of a moment ago; None without vectors."""
        ...

    def latest(self) -> Moment | None:
        """As of now."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot | None]: ...


@dataclass(frozen=True, slots=True)
class VectorManifest:
    """What the index was made from. Vectors up to ``reached`` are in ``segments``."""

    store_id: str
    generation: str
    encoder: str
    dimension: int
    reached: Numbers
    segments: tuple[SegmentInfo, ...] = ()
    format: int = FORMAT

    def covers(self, moment: Moment) -> bool:
        """Whether it has all that the truth had at that moment."""
        same = (self.store_id, self.generation) == (moment.store_id, moment.generation)
        return same and not _beyond(moment.reached, self.reached)


def load(folder: Path) -> VectorManifest | None:
    """None without a manifest that this version can read."""
    try:
        raw = json.loads((folder / manifest.FILE_NAME).read_text("utf-8"))
        if raw.get("format") != FORMAT:
            return None
        raw["segments"] = tuple(_segment_info(one) for one in raw["segments"])
        raw["reached"] = tuple(int(number) for number in raw["reached"])
        return VectorManifest(**raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


class DerivedVectors(Derived[tuple[Segment, ...], VectorManifest]):
    """The vector index of one store; see :class:`Derived`.

    Removed vectors stay in their segments until those are made anew; the truth says that they are
    gone. So removals need no work here.
    """

    def __init__(
        self, folder: Path, truth: VectorTruth, lock: WriterLock, *, writable: bool
    ) -> None:
        super().__init__(folder, lock, writable=writable)
        self._truth = truth

    def sync(self) -> None:
        """Catch up now. The caller holds the writer lock."""
        with self._mutex:
            self._look_at_disk()
            self._follow()

    def rebuild(self) -> None:
        """Make the index anew as one segment. The caller holds the writer lock."""
        with self._mutex, self._truth.snapshot() as truth:
            self._write_whole(truth)

    def problems(self) -> Iterator[str]:
        """What is wrong with the index in use; nothing while another process brings it up."""
        with self._truth.snapshot() as truth:
            known, segments = self._manifest, self._index
            if truth is None or known is None or segments is None:
                return
            if not known.covers(truth.moment):
                return
            for info in known.segments:
                folder = self._folder / info.folder
                found = checksums(folder) if folder.is_dir() else {}
                for name, sum_then in info.files.items():
                    if found.get(name) != sum_then:
                        yield f"the file {name} of the vector index has changed"
            held = {pair for segment in segments for pair in segment.pairs()}
            if lacking := {(row.sequence, row.passage) for row in truth.rows(())} - held:
                yield f"the vector index lacks {len(lacking)} vectors"

    def _target(self) -> Moment | None:
        return self._truth.moment()

    def _covers(self, known: VectorManifest, target: Hashable) -> bool:
        return isinstance(target, Moment) and known.covers(target)

    def _empty(self) -> tuple[Segment, ...]:
        return ()

    def _load(self) -> VectorManifest | None:
        return load(self._folder)

    def _fits(self, found: VectorManifest) -> bool:
        here = self._truth.latest()
        return (
            here is not None
            and (found.store_id, found.generation) == (here.store_id, here.generation)
            and not _beyond(found.reached, here.reached)
        )

    def _open(self, found: VectorManifest) -> None:
        have = {segment.info.folder: segment for segment in self._index or ()}
        opened = tuple(
            have.get(info.folder) or Segment(self._folder, info, found.dimension)
            for info in found.segments
        )
        self._index, self._manifest = opened, found

    def _follow(self) -> None:
        with self._truth.snapshot() as truth:
            known = self._manifest
            if (
                truth is None
                or known is None
                or self._index is None
                or known.generation != truth.moment.generation
                or self._is_loose(truth, known)
            ):
                self._write_whole(truth)
            elif not known.covers(truth.moment):
                self._add_segment(truth, known)

    def _always_whole_up_to(self) -> int:
        return ALWAYS_WHOLE_UP_TO

    def _is_loose(self, truth: Snapshot, known: VectorManifest) -> bool:
        live = truth.count()
        held = sum(one.count for one in known.segments)
        behind = not known.covers(truth.moment)
        if live <= self._always_whole_up_to():
            return behind or held > live
        largest = max((one.count for one in known.segments), default=0)
        loose = max(held - live, live - largest)
        many = behind and len(known.segments) >= MOST_SEGMENTS
        return many or loose > LARGEST_LOOSE_SHARE * live

    def _write_whole(self, truth: Snapshot | None) -> None:
        if truth is None:
            self._forget()
            return
        here = truth.moment
        made = VectorManifest(
            here.store_id, here.generation, here.encoder, here.dimension, here.reached
        )
        self._adopt(replace(made, segments=(self._segment(truth, made, ()),)))

    def _add_segment(self, truth: Snapshot, known: VectorManifest) -> None:
        made = replace(known, reached=truth.moment.reached)
        added = self._segment(truth, made, known.reached)
        segments = (*known.segments, added) if added.count else known.segments
        self._adopt(replace(made, segments=segments))

    def _segment(self, truth: Snapshot, made: VectorManifest, after: Numbers) -> SegmentInfo:
        name = f"{max(made.reached)}-{uuid.uuid4().hex[:8]}"
        return write_segment(self._folder, name, truth.rows(after), made.dimension)

    def _adopt(self, made: VectorManifest) -> None:
        manifest.save(self._folder, made)
        self._open(made)
        self._stamp = manifest.stamp(self._folder)
        self._remove_other_folders([one.folder for one in made.segments])

    def _forget(self) -> None:
        self._index = self._manifest = self._stamp = None
        if self._folder.is_dir():
            (self._folder / manifest.FILE_NAME).unlink(missing_ok=True)
            self._remove_other_folders([])

    def _build_in_memory(self) -> None:
        """The files are mapped and then removed: what is mapped stays until it is let go."""
        with tempfile.TemporaryDirectory(prefix="reviewqa-") as scratch:
            elsewhere = DerivedVectors(Path(scratch), self._truth, self._lock, writable=True)
            elsewhere.rebuild()
            self._index, self._manifest = elsewhere._index, elsewhere._manifest


def _beyond(one: Numbers, other: Numbers) -> bool:
    """Whether ``one`` has come further than ``other`` in any numbering."""
    return len(one) != len(other) or any(a > b for a, b in zip(one, other, strict=True))


def _segment_info(raw: dict[str, object]) -> SegmentInfo:
    files = raw["files"]
    assert isinstance(files, dict)
    sizes = {str(name): (int(size), int(crc)) for name, (size, crc) in files.items()}
    return SegmentInfo(**raw | {"files": sizes})  # type: ignore[arg-type]
