"""Labels in the truth, one document each, with the text that was labelled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from indexing.engines.arguments import encodable
from indexing.engines.base import LabelReport
from indexing.engines.elastic import bulk, documents
from indexing.engines.elastic.bulk import Action
from indexing.engines.elastic.documents import LABEL
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.reviews import Reviews
from indexing.engines.label_checks import require_fitting, require_storable
from indexing.errors import StoreError
from indexing.records import Label, Review, StoredLabel

_FIELDS = ("id", "question", "review_id", "product_id", "text", "annotations", "meta")


class StoredLabels:
    """See :class:`indexing.engines.base.Labels`."""

    def __init__(self, indices: Indices, reviews: Reviews) -> None:
        self._indices = indices
        self._reviews = reviews

    def write(self, labels: Sequence[Label]) -> LabelReport:
        for label in labels:
            require_storable(label)
        reviews = self._reviews.get({label.review_id for label in labels})
        require_fitting(labels, reviews, self._indices.location)
        tally: Counter[str] = Counter()
        known = self._known([label.id for label in labels])
        changed: dict[str, Label] = {}
        for label in labels:
            before = known.get(label.id)
            if before == label:
                tally["unchanged"] += 1
                continue
            tally["replaced" if before else "stored"] += 1
            known[label.id] = changed[label.id] = label
        self._run([self._action(label, reviews[label.review_id]) for label in changed.values()])
        return LabelReport(**tally)

    def delete(self, ids: Sequence[str]) -> int:
        there = list(self._known(encodable(ids)))
        self._run(
            [
                Action("delete", self._indices.truth, documents.document_id(LABEL, name))
                for name in there
            ]
        )
        return len(there)

    def all(self) -> list[StoredLabel]:
        found: list[StoredLabel] = []
        query = {"term": {"kind": LABEL}}
        for hits in self._indices.scan(self._indices.truth, query, source_includes=list(_FIELDS)):
            sources = [hit["_source"] for hit in hits]
            reviews = self._reviews.get({source["review_id"] for source in sources})
            found.extend(_stored(source, reviews.get(source["review_id"])) for source in sources)
        return sorted(found, key=lambda one: (one.product_id, one.label.review_id, one.label.id))

    def _known(self, ids: Sequence[str]) -> dict[str, Label]:
        keys = {documents.document_id(LABEL, name): name for name in ids}
        found = self._indices.get(self._indices.truth, list(keys), _FIELDS)
        return {keys[key]: _label(source) for key, source in found.items()}

    def _action(self, label: Label, review: Review) -> Action:
        source = {
            "kind": LABEL,
            "id": label.id,
            "question": label.question,
            "review_id": label.review_id,
            "product_id": review.product_id,
            "text": label.text,
            "annotations": json.dumps(label.annotations),
            "meta": json.dumps(dict(label.meta), ensure_ascii=False, sort_keys=True),
        }
        key = documents.document_id(LABEL, label.id)
        return Action("index", self._indices.truth, key, source)

    def _run(self, actions: Sequence[Action]) -> None:
        report = bulk.run(self._indices.server, actions)
        self._indices.force_refresh(self._indices.truth)  # the next command lists them
        if report.refused:
            name, reason = next(iter(report.refused.items()))
            raise StoreError(f"{name} cannot be stored: {reason}")


def _label(source: Mapping[str, Any]) -> Label:
    marked = tuple(
        tuple((start, end) for start, end in spans) for spans in json.loads(source["annotations"])
    )
    return Label(
        source["id"],
        source["question"],
        source["review_id"],
        source["text"],
        marked,
        json.loads(source["meta"]),
    )


def _stored(source: Mapping[str, Any], review: Review | None) -> StoredLabel:
    state: Literal["current", "changed", "gone"] = "gone"
    if review is not None:
        state = "current" if review.text == source["text"] else "changed"
    product_id = review.product_id if review else source["product_id"]
    return StoredLabel(_label(source), product_id, state)
