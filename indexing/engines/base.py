"""The contract that every engine keeps, and that the conformance suite holds it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from indexing.records import Hit, Label, Passage, ProductSummary, Review, StoredLabel


class Refused(NamedTuple):
    """A review that an engine's server would not take."""

    review_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class WriteReport:
    """How one batch changed the store: every review is counted once in the first four."""

    stored: int = 0
    unchanged: int = 0
    replaced: int = 0
    duplicate: int = 0
    near_duplicate: int = 0
    """Reviews that were stored although much of their text stands in another one."""
    refused: tuple[Refused, ...] = ()
    """Those are as they were before, and counted nowhere else."""

    @classmethod
    def of(cls, tally: Mapping[str, int]) -> WriteReport:
        """From counts by name."""
        counts: dict[str, Any] = dict(tally)
        return cls(**counts)


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """A store's size and identity. ``fingerprint`` changes whenever its content does."""

    engine: str
    location: str
    reviews: int
    passages: int
    products: int
    revision: int
    fingerprint: str
    bytes_on_disk: int
    vectors: int = 0
    encoder: str = ""
    """What the vectors are of: a name and a fingerprint."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something ``check`` found wrong, and the command that mends it."""

    what: str
    remedy: str


@runtime_checkable
class Engine(Protocol):
    """Where reviews live.

    The product filter is a pre-filter and exact: a search with ``product_id`` never returns a
    passage of another product, and returns ``k`` passages while the product has ``k`` (those
    that share no term with the query come last, with score 0, in passage order).
    Equal scores are ordered by passage id, so every search is deterministic.
    Methods raise :class:`indexing.errors.IndexingError` and nothing else that is expected.
    """

    @property
    def name(self) -> str: ...

    def write(self, reviews: Sequence[Review]) -> WriteReport:
        """Insert or replace; durable when it returns.

        What is wrong with a review shows before anything is written. A server that is cut off
        half-way leaves every review either as it was or whole, and writing the batch again
        completes it. Single reviews that a server refuses are reported, and as they were before.
        """
        ...

    def delete(self, review_ids: Sequence[str]) -> int:
        """Remove reviews and their passages; returns how many were there."""
        ...

    def review(self, review_id: str) -> Review | None: ...

    def reviews(self, review_ids: Sequence[str]) -> dict[str, Review]:
        """Those of the ids that exist, by id."""
        ...

    def product(self, product_id: str) -> ProductSummary | None: ...

    def products(
        self, query: str | None = None, *, limit: int = 20, offset: int = 0
    ) -> list[ProductSummary]:
        """Products whose id or title contains ``query`` (any case), most reviews first."""
        ...

    def passages(self, product_id: str) -> Iterator[Passage]:
        """All passages of a product, by review id and ordinal."""
        ...

    def search_bm25(
        self, query: str, *, k: int, product_id: str | None = None, phrase_boost: float = 0.0
    ) -> list[Hit]:
        """The ``k`` best passages under BM25, best first.

        With ``phrase_boost`` each distinct pair of neighbouring terms of the query counts as a
        phrase, too (the ordered part of the sequential dependence model, Metzler & Croft, 2005):
        where its terms stand side by side in that order, ``n`` times, the score grows by
        ``phrase_boost * (idf_1 + idf_2) * n * (k1 + 1) / (n + norm)``, ``norm`` being BM25's for
        the passage's length; so does Lucene's ``match_phrase``. Pairs of two words of
        :data:`indexing.function_words.FUNCTION_WORDS` do not count, and of a long query only the
        first pairs do.

        Raises:
            IndexingError: ``k`` is less than 1, or the boost is no number of 0 or more.
        """
        ...

    def info(self) -> StoreInfo:
        """Sizes and identity; counts and measures, so not for every request."""
        ...

    def fingerprint(self) -> str:
        """Identity of the content alone, as in :class:`StoreInfo`; cheap."""
        ...

    def check(self) -> list[Problem]: ...

    def probe(self) -> None:
        """Return if searches can be answered now, else raise within seconds."""
        ...

    def rebuild(self) -> None:
        """Make every derived index anew from the truth."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LabelReport:
    """How labels changed the store: each is counted once."""

    stored: int = 0
    unchanged: int = 0
    replaced: int = 0


class Labels(Protocol):
    """Labelled questions on reviews. They stay when their review changes or goes."""

    def write(self, labels: Sequence[Label]) -> LabelReport:
        """Insert or replace by id, all or nothing; durable when it returns.

        Raises:
            LabelMismatch: a review is not there, its text is not the label's, or a span lies
                outside it; the message names question, review and remedy.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Remove labels; returns how many were there."""
        ...

    def all(self) -> list[StoredLabel]:
        """Every label, by product, review and id."""
        ...


@runtime_checkable
class LabelEngine(Engine, Protocol):
    """An engine that keeps labels on its reviews."""

    @property
    def labels(self) -> Labels: ...


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """Which vectors may be compared: those of one encoder, by its fingerprint.

    ``name`` is what the encoder can be opened by again.
    """

    encoder: str
    dimension: int
    name: str = ""


@runtime_checkable
class VectorEngine(Engine, Protocol):
    """An engine that keeps a vector with each passage and searches them by inner product.

    All vectors of a store are of one encoder. They are handed in: an engine knows no models.
    """

    def vector_space(self) -> VectorSpace | None:
        """What the vectors are of; None while there are none."""
        ...

    def put_vectors(self, space: VectorSpace, passage_ids: Sequence[str], rows: Any) -> int:
        """Store vectors, all or none; durable when it returns.

        Args:
            rows: float (passages, ``space.dimension``).

        Returns:
            How many of the passages are there; the others are passed over.

        Raises:
            VectorMismatch: the store has vectors of another encoder.
        """
        ...

    def vectors_of(self, passage_ids: Sequence[str]) -> Mapping[str, Any]:
        """The vectors, float32 (dimension,), of those passages that have one, by passage id."""
        ...

    def clear_vectors(self) -> None:
        """Forget all vectors, so that those of another encoder can come."""
        ...

    def passages_without_vectors(self) -> Iterator[list[Passage]]:
        """Pages of passages; vectors of a page may be put before the next one is asked for."""
        ...

    def count_without_vectors(self) -> int: ...

    def search_vectors(
        self, vector: Any, *, k: int, product_id: str | None = None, encoder: str | None = None
    ) -> list[Hit]:
        """The ``k`` passages with the greatest inner product with ``vector``, best first.

        With ``product_id`` the search is exact and gives ``k`` passages while the product has
        them; those that have no vector come last, in passage order, with the last one's score.
        Without, a large store may be searched approximately. Scores are rounded to 6 digits and
        equal ones are ordered by passage id.

        Args:
            vector: float (dimension,).
            encoder: the fingerprint of what made it; unchecked if None.

        Raises:
            NoVectors: there are none.
            VectorMismatch: they are of another encoder.
        """
        ...


@runtime_checkable
class IngestEngine(Engine, Protocol):
    """An engine that dumps can be ingested into, resumably.

    A checkpoint is a JSON object, stored after its batch and only if that is stored: it is never
    ahead. An engine of one file stores both in one transaction. One behind a server may be cut
    off in between; the batch is written again then, and its reviews are ``unchanged``.
    """

    @property
    def location(self) -> str: ...

    @property
    def folder(self) -> Path:
        """Where files about its loads go, lists of rejects for one."""
        ...

    @property
    def shares_writing(self) -> bool:
        """Whether several processes may load at once; each keeps a checkpoint of its own then."""
        ...

    def exclusive(self, timeout: float = 0.0) -> AbstractContextManager[None]:
        """Keep away what cannot go on beside a load for the whole block; raises ``StoreBusy``.

        That is every other writer, or, where loads go on side by side, the making of a new index.
        """
        ...

    def write_checkpointed(
        self,
        reviews: Sequence[Review],
        name: str,
        make_state: Callable[[WriteReport], Mapping[str, Any]],
    ) -> WriteReport:
        """:meth:`Engine.write` and the state that is made from its report.

        ``make_state`` may be asked more than once; the last report counts.
        """
        ...

    def delete_checkpointed(
        self, review_ids: Sequence[str], name: str, make_state: Callable[[int], Mapping[str, Any]]
    ) -> int:
        """:meth:`Engine.delete` and the state that is made from its count."""
        ...

    def restore(self, reviews: Sequence[Review]) -> WriteReport:
        """:meth:`Engine.write` that keeps reviews which repeat others: another store did, too."""
        ...

    def review_pages(self) -> Iterator[list[Review]]:
        """All reviews, page by page, in an order of the engine's."""
        ...

    def load_checkpoint(self, name: str) -> dict[str, Any] | None: ...

    def clear_checkpoint(self, name: str) -> None: ...

    def sync(self, *, compact: bool = True) -> None:
        """Let searches, of other processes too, find all that is written.

        With ``compact`` no trace of removed passages is left in the scores of a small store, and
        little in those of a large one; it may take as long as a rebuild. Before, they may weigh
        in the term statistics.
        """
        ...
