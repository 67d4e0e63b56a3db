"""A server with certificates, passwords and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings, from_environment
from indexing.errors import StoreError, StoreForbidden
from indexing.records import Review
from tests.conformance.vector_suite import embed, found, ranked, review
from tests.elasticsearch_server import OwnServer

pytestmark = pytest.mark.elasticsearch


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[str, ElasticSettings]]:
    """Address and settings of a store's owner."""
    with OwnServer.started(ES_SECURE="1") as server:
        ca = server.run("ca").strip()
        yield server.url, ElasticSettings(user="reviewqa", password="reviewqa-test", ca=ca)


def test_passwords_keys_and_certificates(secured: tuple[str, ElasticSettings]) -> None:
    url, owner = secured
    location = f"{url}/secured"
    with closing(ElasticEngine(location, create=True, settings=owner)) as engine:
        engine.write([Review("r1", "p", "The battery lasts.")])
        assert engine.check() == []

    with pytest.raises(StoreError, match="REVIEWQA_ES_CA"):
        ElasticEngine(location, settings=replace(owner, ca=None))
    for wrong in (
        replace(owner, user=None, password=None),
        replace(owner, password="wrong"),
        replace(owner, user=None, password=None, api_key="bm9wZTpub3Bl"),
    ):
        with pytest.raises(StoreForbidden, match="REVIEWQA_ES_API_KEY") as refused:
            ElasticEngine(location, settings=wrong)
        assert "nope" not in str(refused.value)
        assert "bm9w" not in str(refused.value)


def test_a_key_that_runs_out_is_named_and_a_new_one_is_enough(
    secured: tuple[str, ElasticSettings],
) -> None:
    url, owner = secured
    location = f"{url}/keyed"
    with closing(ElasticEngine(location, create=True, settings=owner)) as engine:
        engine.write([Review("r1", "p", "The battery lasts.")])
        engine.sync()
    admin = Elasticsearch(url, basic_auth=("reviewqa", "reviewqa-test"), ca_certs=owner.ca)
    rights = {
        "reader": {
            "cluster": ["monitor"],
            "indices": [{"names": ["keyed*"], "privileges": ["read", "view_index_metadata"]}],
        }
    }
    with closing(admin):
        key = admin.security.create_api_key(name="reader", role_descriptors=rights)
        settings = replace(owner, user=None, password=None, api_key=key["encoded"])
        with closing(ElasticEngine(location, read_only=True, settings=settings)) as reader:
            assert len(reader.search_bm25("battery", k=1)) == 1
            admin.security.invalidate_api_key(ids=[key["id"]])
            with pytest.raises(StoreForbidden, match="REVIEWQA_ES_API_KEY"):
                reader.search_bm25("battery", k=1)


@pytest.mark.parametrize("more", [[], ["maintenance"]])
def test_a_reader_uses_the_folder_and_catches_up_if_it_may_refresh(
    secured: tuple[str, ElasticSettings], tmp_path: Path, more: list[str]
) -> None:
    url, owner = secured
    location = f"{url}/beside-{len(more)}"
    beside = f"{location}?vectors={tmp_path / 'vectors'}"
    with closing(ElasticEngine(beside, create=True, settings=owner)) as engine:
        engine.write([review(n) for n in range(9)])
        embed(engine)
        engine.sync()
    with closing(ElasticEngine(location, settings=owner)) as engine:
        engine.write([review(9)])
        embed(engine)
        engine.sync(compact=False)
        ids = [passage.id for passage in engine.passages("a")]
    privileges = ["read", "monitor", "view_index_metadata", *more]
    rights = {
        "reader": {
            "cluster": ["monitor"],
            "indices": [{"names": ["beside*"], "privileges": privileges}],
        }
    }
    admin = Elasticsearch(url, basic_auth=("reviewqa", "reviewqa-test"), ca_certs=owner.ca)
    with closing(admin):
        key = admin.security.create_api_key(name="beside", role_descriptors=rights)
    settings = replace(owner, user=None, password=None, api_key=key["encoded"])
    query = np.ones(4)
    with closing(ElasticEngine(beside, read_only=True, settings=settings)) as reader:
        hits = reader.search_vectors(query, k=20, product_id="a")
        assert found(hits) == ranked(ids, query)
        assert len(reader.search_vectors(query, k=20)) == 9 + len(more), "over all it may lag"


def test_settings_come_from_the_environment_and_show_no_secret() -> None:
    found = from_environment(
        {"REVIEWQA_ES_API_KEY": "secret", "REVIEWQA_ES_TIMEOUT": "2.5", "REVIEWQA_ES_SHARDS": "3"}
    )
    assert (found.api_key, found.timeout, found.shards) == ("secret", 2.5, 3)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"REVIEWQA_ES_TIMEOUT": "soon"}, "REVIEWQA_ES_TIMEOUT must be a number, got 'soon'"),
        ({"REVIEWQA_ES_TIMEOUT": "0"}, "must be positive seconds"),
        ({"REVIEWQA_ES_SHARDS": "0"}, "REVIEWQA_ES_SHARDS must be 1 to 1024, got 0"),
        ({"REVIEWQA_ES_USER": "me"}, "REVIEWQA_ES_PASSWORD"),
    ],
)
def test_settings_that_cannot_be_used_are_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        from_environment(given)
