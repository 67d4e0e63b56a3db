"""Filters: which are malformed, and that what is pushed down to the engine changes no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.document_store import ReviewDocumentStore
from indexing.errors import InvalidFilter
from indexing.filters import pinned, validate
from indexing.records import Review

from haystack import Document  # isort: skip
from haystack.utils.filters import document_matches_filter  # isort: skip

MALFORMED: list[Any] = [
    [],
    {},
    {"operator": "AND"},
    {"operator": "XOR", "conditions": []},
    {"operator": "AND", "conditions": {}},
    {"field": "meta.x", "operator": "=="},
    {"field": "meta.x", "value": 1},
    {"field": "meta.x", "operator": "like", "value": 1},
    {"field": "meta.x", "operator": "in", "value": "abc"},
    {"operator": "NOT", "conditions": [{"operator": "AND", "conditions": [3]}]},
]
values = st.sampled_from(["p1", "p2", "2020-01-01", "2020-01-01T00:00:00", "", 4.0, None])
comparison = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["meta.product_id", "product_id", "meta.rating", "meta.date"]),
        "operator": st.sampled_from(["==", "!="]),
        "value": values,
    }
) | st.fixed_dictionaries(
    {
        "field": st.sampled_from(["meta.product_id", "meta.rating"]),
        "operator": st.sampled_from(["in", "not in"]),
        "value": st.lists(values, max_size=2),
    }
)
filters = st.recursive(
    comparison,
    lambda inner: st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["AND", "OR", "NOT"]),
            "conditions": st.lists(inner, min_size=1, max_size=3),
        }
    ),
    max_leaves=5,
).filter(lambda f: "field" in f or all("operator" in c for c in f["conditions"]))


@pytest.mark.parametrize("malformed", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_filters_are_refused(malformed: Any) -> None:
    with pytest.raises(InvalidFilter):
        validate(malformed)


def test_only_what_must_hold_is_pinned() -> None:
    product = {"field": "meta.product_id", "operator": "==", "value": "p1"}
    other = {"field": "meta.rating", "operator": ">", "value": 3}
    assert pinned(product, "product_id") == "p1"
    assert pinned({"operator": "AND", "conditions": [other, product]}, "product_id") == "p1"
    assert pinned({**product, "operator": "in", "value": ["p1"]}, "product_id") == "p1"
    for free in (
        None,
        other,
        {"operator": "OR", "conditions": [product, other]},
        {"operator": "NOT", "conditions": [product]},
        {**product, "operator": "!="},
        {**product, "operator": "in", "value": ["p1", "p2"]},
        {**product, "value": "2020-01-01"},
        {**product, "value": None},
    ):
        assert pinned(free, "product_id") is None


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewDocumentStore]:
    path = tmp_path_factory.mktemp("filters") / "store"
    with closing(ReviewDocumentStore(str(path), create=True)) as store:
        store.engine.write(
            [
                Review(id=f"r{n}", product_id=product, text=f"text {n}", rating=n % 5, date=date)
                for n, (product, date) in enumerate(
                    [("p1", "2020-01-01"), ("p2", None), ("2020-01-01", None), ("p1", None)]
                )
            ]
        )
        store.write_documents(
            [
                Document(content="foreign", meta={"product_id": "p1", "rating": 4}),
                Document(content="dated", meta={"product_id": "2020-01-01T00:00:00"}),
                Document(content="odd", meta={"product_id": 4.0}),
                Document(content="none"),
            ]
        )
        yield store


@given(wanted=filters)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filtering_is_haystacks_own_over_all_documents(
    documents: ReviewDocumentStore, wanted: dict[str, Any]
) -> None:
    everything = documents.filter_documents()
    assert len(everything) == 8
    expected = [document for document in everything if document_matches_filter(wanted, document)]
    assert documents.filter_documents(wanted) == expected


def test_a_product_is_found_without_reading_the_others(documents: ReviewDocumentStore) -> None:
    found = documents.filter_documents(
        {"field": "meta.product_id", "operator": "==", "value": "p1"}
    )
    assert [document.content for document in found] == ["text 0", "text 3", "foreign"]
    assert Path(documents.location).exists()
