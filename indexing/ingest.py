"""Reads dumps into an engine: resumable after any kill, idempotent, with a report of everything.

A run is identified by its sources (path, size, time) and the options that matter. Its state is
stored in the same transaction as every batch, so the same command run again goes on where the
killed one was. A run that finished leaves no state: running it again reads everything again
and reports what is unchanged, which is slower than believing the file's time and never wrong.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from indexing.engines.base import Engine, IngestEngine, WriteReport
from indexing.errors import IndexingError, SourceError
from indexing.records import Review
from indexing.rejects import FILE_NAME, RejectsFile
from indexing.report import IngestReport, Progress, SourceReport, source_report
from indexing.sources.base import DEFAULT_RECORD_LIMIT, SourceFault
from indexing.sources.locate import Location, locate
from indexing.sources.source import OpenSource, Record, SourceOptions, open_source

CHECKPOINT = "ingest"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to ingest. ``rejects`` is a path, by default ``rejects.jsonl`` in the store.

    ``delete`` removes the dump's reviews, by id, instead of storing them. ``product_id`` is given
    to every review, whatever its record says. ``batch_size`` reviews share one transaction.
    ``sync_every`` is how many records are read between two updates of the search index.
    """

    format: str | None = None
    field_map: Mapping[str, str] = field(default_factory=dict)
    product_id: str | None = None
    batch_size: int = 1000
    rejects: Path | None = None
    delete: bool = False
    record_limit: int = DEFAULT_RECORD_LIMIT
    sync_every: int = 200_000

    def for_source(self) -> SourceOptions:
        return SourceOptions(
            self.format, self.field_map, self.product_id, self.record_limit, self.delete
        )


def ingest(
    engine: Engine,
    sources: Sequence[str],
    options: IngestOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Read every source into ``engine``; see the module's text for what happens on a second run.

    Sources are files, folders, ``-`` for standard input, or ``hub:OWNER/NAME/CONFIG``. A source
    that breaks half-way, or an unusable file in a folder, is reported as a fault of its own; an
    unusable source that was named raises :class:`SourceError`. Raises :class:`StoreBusy` while
    another process writes. ``KeyboardInterrupt`` leaves the run to be resumed.
    """
    if not isinstance(engine, IngestEngine):
        raise IndexingError(f"the {engine.name} engine cannot ingest dumps")
    options = options or IngestOptions()
    with engine.exclusive():
        run = _Run(engine, locate(sources), options, progress or (lambda _: None))
        return run.execute()


class _Run:
    """One call of :func:`ingest`."""

    def __init__(
        self,
        engine: IngestEngine,
        locations: Sequence[Location],
        options: IngestOptions,
        progress: Callable[[Progress], None],
    ) -> None:
        self._engine = engine
        self._locations = locations
        self._options = options
        self._progress = progress
        self._key = _run_key(locations, options)
        self._sizes = [_size(location) for location in locations]
        self._checkpoint = f"{CHECKPOINT}-{self._key}" if engine.shares_writing else CHECKPOINT
        self._rejects_path = options.rejects or engine.folder / self._rejects_name()
        self._reports: list[SourceReport] = []
        self._finished = 0
        self._unsynced = 0

    def execute(self) -> IngestReport:
        offset = self._resume()
        with RejectsFile(self._rejects_path, offset) as rejects:
            if offset is None:
                self._begin(rejects.flush())
            for number in range(self._finished, len(self._locations)):
                self._source(number, rejects)
        self._engine.sync()
        self._engine.clear_checkpoint(self._checkpoint)
        return IngestReport(tuple(self._reports), str(self._rejects_path), offset is not None)

    def _resume(self) -> int | None:
        """Take over an unfinished run's reports; returns where its list of rejects ended."""
        state = self._engine.load_checkpoint(self._checkpoint)
        if self._key is None or state is None or state["run"] != self._key:
            return None
        self._reports = [source_report(values) for values in state["sources"]]
        self._finished = state["finished"]
        return int(state["rejects"])

    def _begin(self, rejects: int) -> None:
        """A first checkpoint: it tells a rerun where in the list of rejects this run began."""
        self._engine.write_checkpointed([], self._checkpoint, lambda _: self._state(rejects))

    def _source(self, number: int, rejects: RejectsFile) -> None:
        location = self._locations[number]
        if number == len(self._reports):
            self._reports.append(SourceReport(location.name))
        report = self._reports[number]
        try:
            with open_source(location, self._options.for_source(), report.read) as source:
                self._read(source, report, rejects)
        except SourceFault as fault:
            report.fault = str(fault)
        except SourceError as error:
            if location.named:
                raise
            report.fault = str(error)
        self._finished = number + 1
        _Batch(self, report, rejects).commit()

    def _read(self, source: OpenSource, report: SourceReport, rejects: RejectsFile) -> None:
        report.format, report.preset = source.format, source.preset
        report.field_map = source.field_map
        batch = _Batch(self, report, rejects)
        try:
            for record in source.records(report.read):
                batch.add(record)
                if batch.full:
                    batch.commit()
                    self._tell(source, report)
        except SourceFault:
            batch.commit()
            raise
        batch.commit()
        self._tell(source, report)

    def commit(self, batch: _Batch) -> None:
        """Store a batch and the state after it in one transaction."""
        counts = batch.report.counts()
        offset = batch.rejects.flush()

        def written(result: WriteReport) -> Mapping[str, Any]:
            # Asked again where some of the batch were refused; the last report counts.
            batch.report.restore(counts)
            batch.report.add(result)
            return self._state(batch.list_refused(result) if result.refused else offset)

        def deleted(count: int) -> Mapping[str, Any]:
            batch.report.deleted += count
            return self._state(offset)

        if self._options.delete:
            self._engine.delete_checkpointed(batch.ids, self._checkpoint, deleted)
        else:
            self._engine.write_checkpointed(batch.reviews, self._checkpoint, written)
        self._unsynced += batch.size
        if self._unsynced >= self._options.sync_every:
            self._engine.sync(compact=False)
            self._unsynced = 0

    def _rejects_name(self) -> str:
        """Runs that go on side by side have each a list of its own."""
        return f"rejects-{self._key}.jsonl" if self._engine.shares_writing else FILE_NAME

    @property
    def batch_size(self) -> int:
        return self._options.batch_size

    def _state(self, rejects: int) -> dict[str, Any]:
        return {
            "run": self._key,
            "finished": self._finished,
            "rejects": rejects,
            "sources": [asdict(report) for report in self._reports],
        }

    def _tell(self, source: OpenSource, report: SourceReport) -> None:
        done = sum(size or 0 for size in self._sizes[: self._finished])
        total = None if None in self._sizes else sum(size or 0 for size in self._sizes)
        read = sum(one.read for one in self._reports)
        self._progress(Progress(report.source, read, done + source.read_bytes, total))


class _Batch:
    """Records on their way into one transaction; counts become true when it commits."""

    def __init__(self, run: _Run, report: SourceReport, rejects: RejectsFile) -> None:
        self._run = run
        self.report = report
        self.rejects = rejects
        self._begin()

    def _begin(self) -> None:
        self.reviews: list[Review] = []
        self.places: dict[str, str] = {}
        self.ids: list[str] = []
        self.size = 0
        self._started = time.perf_counter()

    @property
    def full(self) -> bool:
        return self.size >= self._run.batch_size

    def add(self, record: Record) -> None:
        self.size += 1
        self.report.read += 1
        if record.review is not None:
            self.reviews.append(record.review)
            self.places[record.review.id] = record.place
        elif record.id is not None:
            self.ids.append(record.id)
        else:
            self.report.rejected += 1
            self.rejects.add(
                self.report.source, record.place, record.reason or "unreadable", record.raw
            )

    def list_refused(self, result: WriteReport) -> int:
        """List the reviews that the engine could not take; returns where the list ends."""
        texts = {review.id: review.text for review in self.reviews}
        for review_id, reason in result.refused:
            why = f"review {review_id!r} was refused: {reason}"
            self.rejects.add(self.report.source, self.places[review_id], why, texts[review_id])
        return self.rejects.flush()

    def commit(self) -> None:
        self.report.seconds += time.perf_counter() - self._started
        started = time.perf_counter()
        self._run.commit(self)
        self._begin()
        self.report.seconds += time.perf_counter() - started


def _run_key(locations: Sequence[Location], options: IngestOptions) -> str | None:
    """``None`` for runs that cannot be resumed."""
    if not all(location.resumable for location in locations):
        return None
    identity = (
        [(location.name, location.fingerprint()) for location in locations],
        options.format,
        sorted(options.field_map.items()),
        options.product_id,
        options.delete,
        options.record_limit,
        str(options.rejects),
    )
    return hashlib.sha256(repr(identity).encode()).hexdigest()[:16]


def _size(location: Location) -> int | None:
    if location.is_hub or not location.resumable:
        return None
    return Path(location.name).stat().st_size
