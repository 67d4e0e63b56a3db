"""What an ingest did, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from indexing.engines.base import WriteReport

COUNTS = (
    "read",
    "stored",
    "unchanged",
    "replaced",
    "duplicate",
    "near_duplicate",
    "rejected",
    "deleted",
)


@dataclass(slots=True)
class SourceReport:
    """One file, stream or hub set. ``fault`` says why reading ended early, if it did.

    ``read`` is the sum of all the other counts but ``near_duplicate`` (which are also stored);
    with ``--delete``, records whose id was not in the store are read and nothing else.
    """

    source: str
    format: str = ""
    preset: str = ""
    field_map: dict[str, str] = field(default_factory=dict)
    read: int = 0
    stored: int = 0
    unchanged: int = 0
    replaced: int = 0
    duplicate: int = 0
    near_duplicate: int = 0
    rejected: int = 0
    deleted: int = 0
    seconds: float = 0.0
    fault: str | None = None

    def add(self, written: WriteReport) -> None:
        self.stored += written.stored
        self.unchanged += written.unchanged
        self.replaced += written.replaced
        self.duplicate += written.duplicate
        self.near_duplicate += written.near_duplicate
        self.rejected += len(written.refused)

    def counts(self) -> dict[str, int]:
        """The counts by name, for :meth:`restore`."""
        return {name: int(getattr(self, name)) for name in COUNTS}

    def restore(self, counts: Mapping[str, int]) -> None:
        """Take the counts back to what they were."""
        for name, value in counts.items():
            setattr(self, name, value)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The sources in the order they were read. ``resumed`` tells that an earlier run began it."""

    sources: tuple[SourceReport, ...]
    rejects: str
    resumed: bool = False

    def total(self, count: str) -> int:
        """The sum over all sources of one of :data:`COUNTS`."""
        return sum(int(getattr(source, count)) for source in self.sources)

    @property
    def seconds(self) -> float:
        return sum(source.seconds for source in self.sources)

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(f"{s.source}: {s.fault}" for s in self.sources if s.fault)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: the totals, then the same for each source."""
        return {
            **{name: self.total(name) for name in COUNTS},
            "seconds": round(self.seconds, 3),
            "rejects": self.rejects,
            "resumed": self.resumed,
            "sources": [asdict(source) for source in self.sources],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest is, given after every batch.

    ``bytes_read`` and ``total_bytes`` count the files as they lie on disk, all sources together;
    ``total_bytes`` is ``None`` where a source has no size.
    """

    source: str
    records_read: int
    bytes_read: int
    total_bytes: int | None


def source_report(values: Mapping[str, Any]) -> SourceReport:
    """The inverse of ``dataclasses.asdict``."""
    return SourceReport(**values)
