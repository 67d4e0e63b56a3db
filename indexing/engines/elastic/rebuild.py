"""Makes the passages anew from the truth, in a new index that takes over in one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from indexing.engines.elastic import bulk, documents, template
from indexing.engines.elastic.bulk import Action
from indexing.engines.elastic.documents import REVIEW
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.lock import RebuildLock
from indexing.engines.elastic.state import States, StoreState
from indexing.engines.elastic.writer import restored
from indexing.engines.prepared import contribution, passage_id, prepare
from indexing.errors import StoreError
from indexing.splitter import SplitterSettings, split

_PAGE = 250
_FIELDS = (*documents.REVIEW_FIELDS, "spans")


def rebuild(indices: Indices, states: States, lock: RebuildLock) -> None:
    """Searches see the old passages until all new ones are there; if it fails, they stay.

    Vectors go over where a passage's text has not changed.
    """
    with lock.holding():
        state = states.read()
        if state.splitter != state.settings.fingerprint:
            _resplit(indices, lock, state.settings)
            state = _adopted(states, state)
        old = indices.concrete_passages()
        new = indices.create_passages()
        _quicken(indices, new, "-1")
        try:
            _fill(indices, lock, state, new, carry=bool(old))
            _quicken(indices, new, indices.server.settings.refresh)
            indices.force_refresh(new)
            lock.renew()
        except BaseException:
            indices.delete(new)
            raise
        indices.switch(new, old)
        indices.unfit = ""
        # Also what an interrupted rebuild left behind.
        indices.delete(*(name for name in indices.passages_names() if name != new))


def _fill(indices: Indices, lock: RebuildLock, state: StoreState, new: str, *, carry: bool) -> None:
    if state.space is not None:
        mapping = template.vector_field(state.field, state.dimension, graph=state.graph)
        indices.server.write(
            lambda client: client.indices.put_mapping(index=new, properties=mapping)
        )
    indices.force_refresh(indices.truth, *([indices.passages] if carry else []))
    query = {"term": {"kind": REVIEW}}
    for hits in indices.scan(indices.truth, query, size=_PAGE, source_includes=list(_FIELDS)):
        sources = [hit["_source"] for hit in hits]
        vectors = _vectors(indices, state, sources) if carry and state.space is not None else {}
        report = bulk.run(indices.server, _actions(new, sources, state.field, vectors))
        if report.refused:
            name, reason = next(iter(report.refused.items()))
            raise StoreError(f"{indices.location}: {name} cannot be indexed: {reason}")
        lock.renew()


def _actions(
    index: str, sources: Sequence[Mapping[str, Any]], field: str, vectors: Mapping[str, Any]
) -> Iterator[Action]:
    for source in sources:
        for action in restored(index, source):
            body = dict(action.body or {})
            text, row = vectors.get(body["id"], ("", None))
            if row is not None and text == body["content"]:
                body["vectors"] = {field: row}
            yield replace(action, body=body)


def _vectors(
    indices: Indices, state: StoreState, sources: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[str, list[float]]]:
    """Text and vector of the reviews' passages, by passage id."""
    name = f"vectors.{state.field}"
    owners = {"terms": {"review_id": [source["id"] for source in sources]}}
    query = {"bool": {"filter": [owners, {"exists": {"field": name}}]}}
    found = {}
    for hits in indices.scan(
        indices.passages, query, source_includes=["id", "content"], docvalue_fields=[name]
    ):
        for hit in hits:
            found[hit["_source"]["id"]] = (hit["_source"]["content"], hit["fields"][name][0])
    return found


def _resplit(indices: Indices, lock: RebuildLock, settings: SplitterSettings) -> None:
    """Cut every review anew; may be interrupted and run again."""
    indices.force_refresh(indices.truth)
    query = {"term": {"kind": REVIEW}}
    fields = list(documents.REVIEW_FIELDS)
    for hits in indices.scan(indices.truth, query, size=_PAGE, source_includes=fields):
        bulk.run(indices.server, (_recut(indices.truth, hit, settings) for hit in hits))
        indices.written(indices.truth)
        lock.renew()


def _recut(index: str, hit: Mapping[str, Any], settings: SplitterSettings) -> Action:
    review = documents.review_from(hit["_source"])
    item = prepare(review)
    item.spans = split(review.text, settings)
    item.passage_ids = [passage_id(review.id, n) for n in range(len(item.spans))]
    changed = {
        "spans": item.spans,
        "passages": len(item.spans),
        "print": documents.parts_of(contribution(item)),
    }
    return Action("update", index, hit["_id"], {"doc": changed})


def _adopted(states: States, state: StoreState) -> StoreState:
    new = replace(state, splitter=state.settings.fingerprint)
    if not states.save(new, state):
        raise StoreError("the store's settings changed during a rebuild; run it again")
    return new


def _quicken(indices: Indices, name: str, interval: str) -> None:
    indices.server.write(
        lambda client: client.indices.put_settings(
            index=name, settings={"refresh_interval": interval}
        )
    )
