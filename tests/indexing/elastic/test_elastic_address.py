"""What the address of a store may be, and what is said of one that leads nowhere."""

from __future__ import annotations

import pytest

from indexing.engines.elastic import address
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.engines.registry import open_engine
from indexing.errors import StoreError, StoreNotFound, StoreUnavailable
from tests.elasticsearch_server import new_location

QUICK = ElasticSettings(timeout=2.0, write_patience=30.0)


@pytest.mark.elasticsearch
def test_there_is_no_store_where_none_was_made() -> None:
    with pytest.raises(StoreNotFound, match="reviewqa index SOURCE --store"):
        open_engine(new_location())


def test_nobody_at_the_address_is_one_clear_line() -> None:
    with pytest.raises(StoreUnavailable, match="see that it runs"):
        ElasticEngine("http://127.0.0.1:9/store", settings=QUICK)


def test_an_address_may_name_a_folder_for_vectors() -> None:
    location = "https://one:9200,two:9201/reviews?vectors=/data/of me@home?"
    found = address.parse(location)
    assert found.vectors == "/data/of me@home?"
    assert found.location == location
    assert address.parse("http://one/reviews").vectors is None


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://localhost:9200", "no address of a store"),
        ("https://localhost:9200/Upper", "lower-case"),
        ("https://localhost:notaport/name", "no address of a store"),
        ("https://me:secret@localhost/name", "REVIEWQA_ES_PASSWORD"),
        ("https://me:secret@localhost/name?vectors=there", "REVIEWQA_ES_PASSWORD"),
        ("https://localhost/name?vectors=", r"\?vectors=DIR"),
        ("https://localhost/name?vector=there", r"\?vectors=DIR"),
    ],
)
def test_a_wrong_address_says_what_a_right_one_is(location: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as refused:
        open_engine(location)
    assert "secret" not in str(refused.value)
