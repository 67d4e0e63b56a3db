"""Opens one source: finds its format and its mapping, then yields reviews and rejects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

from indexing.errors import SourceError, UnreadableSource
from indexing.records import Review
from indexing.sources import formats, hub
from indexing.sources.base import DEFAULT_RECORD_LIMIT, RawRecord, SourceFault
from indexing.sources.locate import Location
from indexing.sources.mapping import Mapper, Unmappable, make_mapper
from indexing.sources.presets import REQUIRED
from indexing.sources.streams import ByteStream, open_stream

_SAMPLE = 100
_MOST_UNREADABLE = 10_000


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to read a source where it does not tell itself. ``ids_only`` asks for ids, to delete."""

    format: str | None = None
    field_map: Mapping[str, str] = field(default_factory=dict)
    product_id: str | None = None
    record_limit: int = DEFAULT_RECORD_LIMIT
    ids_only: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a dump: a review, with ``ids_only`` its id, or the reason it is neither."""

    place: str
    raw: str
    review: Review | None = None
    id: str | None = None
    reason: str | None = None


class OpenSource:
    """A source being read. ``records`` can be consumed once."""

    def __init__(
        self, location: Location, options: SourceOptions, stream: ByteStream | None, skip: int
    ) -> None:
        """Reads the first records. Raises :class:`SourceError` if nothing can be made of them."""
        self._location = location
        self._options = options
        self._stream = stream
        self.format = self._format_name()
        sample, rest, fault = _peek(self._raw(stream, skip=0))
        self.mapper = self._mapper(sample, fault)
        self._records = chain(sample, rest) if not skip else None
        self._fault = fault

    @property
    def read_bytes(self) -> int:
        return self._stream.read_bytes if self._stream else 0

    @property
    def preset(self) -> str:
        return self.mapper.preset.name if self.mapper else "none"

    @property
    def field_map(self) -> dict[str, str]:
        return self.mapper.field_map() if self.mapper else {}

    def records(self, skip: int = 0) -> Iterator[Record]:
        """Every record after the first ``skip``. Raises :class:`SourceFault` where reading ends."""
        if self._records is not None:
            yield from map(self._record, self._records)
            if self._fault:
                raise self._fault
            return
        if self._location.is_hub:
            yield from map(self._record, self._raw(None, skip=skip))
            return
        with open_stream(self._location.name) as stream:
            self._stream = stream
            yield from map(self._record, self._raw(stream, skip=skip))

    def _format_name(self) -> str:
        if self._stream is None:
            return "hub"
        if self._options.format:
            return formats.by_name(self._options.format).name
        return formats.detect(self._stream, self._location.name).name

    def _raw(self, stream: ByteStream | None, *, skip: int) -> Iterator[RawRecord]:
        limit = self._options.record_limit
        if stream is None:
            return hub.read(self._location.name, skip=skip, limit=limit)
        return formats.FORMATS[self.format].read(stream, skip=skip, limit=limit)

    def _mapper(self, sample: list[RawRecord], fault: SourceFault | None) -> Mapper | None:
        readable = [record.fields for record in sample if record.fields is not None]
        if not readable:
            if len(sample) >= _MOST_UNREADABLE:
                raise UnreadableSource(
                    f"{self._location.name}: none of the first {len(sample)} records can be read "
                    f"as {self.format} ({sample[0].reason}); is it another --format?"
                )
            if fault and not sample:
                raise UnreadableSource(f"{self._location.name}: {fault}") from fault
            return None
        columns = dict.fromkeys(name for fields in readable for name in fields)
        needed = ("id",) if self._options.ids_only and "id" in self._known(columns) else REQUIRED
        try:
            return make_mapper(columns, self._options.field_map, self._options.product_id, needed)
        except SourceError as error:
            raise UnreadableSource(f"{self._location.name}: {error}") from error

    def _known(self, columns: Mapping[str, None]) -> set[str]:
        """The fields that have a column, whatever the preset requires."""
        mapper = make_mapper(columns, self._options.field_map, self._options.product_id, ())
        return set(mapper.field_map())

    def _record(self, raw: RawRecord) -> Record:
        if raw.fields is None or self.mapper is None:
            return Record(raw.place, raw.raw, reason=raw.reason)
        try:
            if self._options.ids_only:
                return Record(raw.place, raw.raw, id=self.mapper.identifier(raw.fields))
            return Record(raw.place, raw.raw, review=self.mapper.review(raw.fields))
        except Unmappable as error:
            return Record(raw.place, raw.raw, reason=str(error))


@contextmanager
def open_source(location: Location, options: SourceOptions, skip: int = 0) -> Iterator[OpenSource]:
    """Raises :class:`SourceError`. Give ``skip`` here and to :meth:`OpenSource.records` alike."""
    if location.is_hub:
        yield OpenSource(location, options, None, skip)
        return
    with open_stream(location.name) as stream:
        yield OpenSource(location, options, stream, skip)


def _peek(
    records: Iterator[RawRecord],
) -> tuple[list[RawRecord], Iterator[RawRecord], SourceFault | None]:
    """The first records up to a sample of readable ones, the rest, and an early fault."""
    sample: list[RawRecord] = []
    readable = 0
    try:
        while readable < _SAMPLE and (readable or len(sample) < _MOST_UNREADABLE):
            record = next(records, None)
            if record is None:
                break
            sample.append(record)
            readable += record.fields is not None
    except SourceFault as fault:
        return sample, iter(()), fault
    return sample, records, None
