"""A tantivy index of passages: terms with positions, product, the key in the truth; no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import tantivy

from indexing.engines.derived.index import IndexUnusable
from indexing.engines.embedded import analyzer

_SMALL_HEAP = 16_000_000
_LARGE_HEAP = 128_000_000
_LARGE = 20_000
_TIE = 2e-6
"""Scores closer than this, relatively, are equal: tantivy adds 32-bit floats in an order
that depends on how the index is cut into segments."""

Scored = tuple[int, float]


class Bm25Index:
    """One folder of tantivy files, or an index in memory when ``folder`` is ``None``."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._schema = _schema()
        self._analyzer = analyzer.build()
        with _faults():
            self._index = tantivy.Index(self._schema, str(folder) if folder else None)
            self._index.register_tokenizer(analyzer.NAME, self._analyzer)
            self._index.config_reader("manual")
            self._index.reload()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is something to open; opening anything else makes a new index."""
        return (folder / "meta.json").is_file()

    @property
    def count(self) -> int:
        with _faults():
            return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what another process has committed."""
        with _faults():
            self._index.reload()

    def highest_key(self) -> int:
        """The greatest key that is indexed, 0 when there is none.

        Passages are added in order of key and a commit takes all or nothing, so everything
        up to it is in the index, whatever moment a process was killed at.
        """
        with _faults():
            found = self._index.searcher().search(
                tantivy.Query.all_query(), 1, count=False, order_by_field="key"
            )
            return int(found.hits[0][0]) if found.hits else 0

    def keys(self) -> list[int]:
        """Every key in the index, in no order."""
        return [key for key, _ in self._collect(tantivy.Query.all_query(), self.count)]

    def update(self, added: Iterable[tuple[int, str, str]], removed: Sequence[int]) -> int:
        """Index ``(key, product_id, text)`` rows and drop removed keys; returns how many came in.

        Durable when it returns, and no background work is left running.
        """
        with _faults():
            rows = iter(added)
            head = [row for _, row in zip(range(_LARGE), rows, strict=False)]
            heap = _LARGE_HEAP if len(head) == _LARGE else _SMALL_HEAP
            writer = self._index.writer(heap, 1)
            if removed:
                # delete_documents_by_term takes an int for a signed value and matches nothing.
                writer.delete_documents_by_query(
                    tantivy.Query.term_set_query(self._schema, "key", list(removed))
                )
            total = _add_all(writer, head) + _add_all(writer, rows)
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()
            return total

    def search(
        self, query: str, limit: int, product_id: str | None, phrase_boost: float = 0.0
    ) -> Iterator[list[Scored]]:
        """Groups of equally good passages, best first, until at least ``limit`` are given.

        Only passages with a term of the query are found. Groups are complete: no passage that
        is as good as the last one given is left out, so that the caller can order ties.
        ``phrase_boost`` as in :meth:`indexing.engines.base.Engine.search_bm25`.
        """
        with _faults():
            terms = analyzer.query_terms(self._analyzer, query)
            if terms and limit > 0:
                pairs = analyzer.query_pairs(self._analyzer, query) if phrase_boost else []
                yield from self._ranked(self._query(terms, pairs, phrase_boost, product_id), limit)

    def _query(
        self,
        terms: Sequence[str],
        pairs: Sequence[tuple[str, str]],
        phrase_boost: float,
        product_id: str | None,
    ) -> tantivy.Query:
        term, should = tantivy.Query.term_query, tantivy.Occur.Should
        parts = [term(self._schema, "text", value, "freq") for value in terms]
        parts += [self._phrase(pair, phrase_boost) for pair in pairs]
        if product_id is not None:
            parts = self._within(product_id, parts)
        return tantivy.Query.boolean_query([(should, part) for part in parts])

    def _within(self, product_id: str, parts: Sequence[tantivy.Query]) -> list[tantivy.Query]:
        """Each part for itself: tantivy would look through all passages for the sum of them."""
        must = tantivy.Occur.Must
        name = tantivy.Query.term_query(self._schema, "product", _product_term(product_id))
        only = tantivy.Query.const_score_query(name, 0.0)
        return [tantivy.Query.boolean_query([(must, part), (must, only)]) for part in parts]

    def _phrase(self, pair: tuple[str, str], boost: float) -> tantivy.Query:
        phrase = tantivy.Query.phrase_query(self._schema, "text", list(pair), 0)
        return tantivy.Query.boost_query(phrase, boost)

    def _ranked(self, query: tantivy.Query, limit: int) -> Iterator[list[Scored]]:
        wanted = limit + 16
        total = self.count
        found = self._collect(query, wanted)
        while len(found) == wanted < total and _tied_to_the_end(found, limit):
            wanted *= 4
            found = self._collect(query, wanted)
        given = 0
        for group in _groups(found):
            yield group
            given += len(group)
            if given >= limit:
                return

    def _collect(self, query: tantivy.Query, limit: int) -> list[Scored]:
        searcher = self._index.searcher()
        limit = min(limit, searcher.num_docs)
        if limit < 1:
            return []
        hits = searcher.search(query, limit, count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in hits])
        return [(int(key), float(hit[0])) for key, hit in zip(keys, hits, strict=True)]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name=analyzer.NAME, index_option="position")
    builder.add_text_field("product", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("key", indexed=True, fast=True)
    return builder.build()


def _add_all(writer: tantivy.IndexWriter, rows: Iterable[tuple[int, str, str]]) -> int:
    total = 0
    for key, product_id, text in rows:
        document = tantivy.Document()
        document.add_unsigned("key", key)
        document.add_text("product", _product_term(product_id))
        document.add_text("text", text)
        writer.add_document(document)
        total += 1
    return total


def _product_term(product_id: str) -> str:
    """A digest, because ids may be longer than a term, or hold what no term can."""
    return blake2b(analyzer.encodable(product_id).encode(), digest_size=16).hexdigest()


def _groups(found: Sequence[Scored]) -> Iterator[list[Scored]]:
    group: list[Scored] = []
    for key, score in found:
        if group and group[-1][1] - score > _TIE * group[-1][1]:
            yield group
            group = []
        group.append((key, score))
    if group:
        yield group


def _tied_to_the_end(found: Sequence[Scored], limit: int) -> bool:
    """Whether the group that the cut falls into may go on beyond what was found."""
    lead = 0
    for group in _groups(found):
        lead += len(group)
        if lead >= limit:
            return lead == len(found)
    return True


@contextmanager
def _faults() -> Iterator[None]:
    """tantivy reports broken files as ``ValueError``, ``OSError`` or a panic of Rust code."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise IndexUnusable(str(error)) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise IndexUnusable(str(error)) from error
        raise
