"""The HTTP API over the sample, from outside, through a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from indexing.records import Review

QUESTION = "Does the strap hold a heavy camera?"
BODY = {"question": QUESTION, "product_id": "camera-strap", "threshold": 0}


def test_ask_cites_spans_of_the_products_reviews(http: httpx.Client) -> None:
    reply = http.post("/v1/ask", json=BODY).raise_for_status().json()
    assert reply["question"] == QUESTION
    assert reply["answered"] is True
    assert 1 <= len(reply["answers"]) <= 3
    for support in (s for answer in reply["answers"] for s in answer["support"]):
        review = http.get(f"/v1/reviews/{support['review']['id']}").json()
        assert review["product_id"] == "camera-strap"
        assert review["text"][support["start"] : support["end"]] == support["text"]
        sentence = review["text"][support["sentence_start"] : support["sentence_end"]]
        assert sentence == support["sentence"]
        assert support["text"] in sentence
        assert 0 <= support["confidence"] <= 1


def test_ask_tells_what_it_read(http: httpx.Client) -> None:
    reply = http.post("/v1/ask", json=BODY | {"passages": 4, "top_k": 1}).json()
    assert len(reply["answers"]) == 1
    assert len(reply["passages"]) == 4
    assert reply["reviews_read"] == len({found["review_id"] for found in reply["passages"]})
    assert reply["milliseconds"]["total"] > 0
    assert reply["model_fingerprint"]
    assert reply["store_fingerprint"]


def test_ask_tells_which_words_it_took_for_misspelt(http: httpx.Client) -> None:
    assert http.post("/v1/ask", json=BODY).json()["corrections"] == {}
    reply = http.post("/v1/ask", json=BODY | {"question": "Is it for a heavy CAMREA?"}).json()
    assert reply["question"] == "Is it for a heavy CAMREA?"
    assert reply["corrections"] == {"camrea": "camera"}


def test_no_answer_comes_with_the_nearest_misses(http: httpx.Client) -> None:
    reply = http.post("/v1/ask", json=BODY | {"threshold": 1}).json()
    assert reply["answered"] is False
    assert reply["answers"] == []
    assert reply["below_threshold"]
    assert reply["threshold"] == 1


def test_an_unknown_product_is_404_with_suggestions(http: httpx.Client) -> None:
    reply = http.post("/v1/ask", json=BODY | {"product_id": "camera-strop"})
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["type"] == "urn:reviewqa:problem:product-not-found"
    assert problem["suggestions"] == ["camera-strap"]
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert "/" not in problem["detail"], "the store's place is not the client's business"


def test_products_are_paged_to_the_end(http: httpx.Client) -> None:
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = http.get("/v1/products", params={"limit": 4, "offset": offset}).json()
        seen += [product["id"] for product in page["products"]]
        offset = page["next_offset"]
    assert len(seen) == len(set(seen)) == 15


def test_products_are_found_by_part_of_id_or_title(http: httpx.Client) -> None:
    found = http.get("/v1/products", params={"query": "CAMERA"}).json()
    assert [product["id"] for product in found["products"]] == ["camera-strap"]
    assert found["next_offset"] is None
    assert http.get("/v1/products", params={"query": "zzz"}).json()["products"] == []


def test_a_product_and_its_neighbours(http: httpx.Client) -> None:
    assert http.get("/v1/products/camera-strap").json()["reviews"] > 0
    missing = http.get("/v1/products/camera")
    assert missing.status_code == 404
    assert "camera-strap" in missing.json()["suggestions"]


def test_a_missing_review_is_404(http: httpx.Client) -> None:
    reply = http.get("/v1/reviews/none")
    assert reply.status_code == 404
    assert reply.json()["title"] == "No such review"


def test_health(http: httpx.Client) -> None:
    assert http.get("/livez").json() == {"status": "alive"}
    assert http.get("/readyz").json() == {"status": "ready"}


def test_head_is_get_without_a_body(http: httpx.Client) -> None:
    for path in ("/", "/livez", "/v1/products", "/static/app.css"):
        reply = http.head(path)
        assert (reply.status_code, reply.content) == (200, b"")


STRANGE_IDS = ["a/b", "a//b/", "../../etc/passwd", "a b?c#d&e=%2F", "ünï\N{CAMERA}", "' OR 1=1 --"]


def test_ids_may_hold_any_character(
    serve: Callable[..., Any], make_store: Callable[..., Path]
) -> None:
    reviews = [Review(id=f"r:{name}", product_id=name, text="It is loud.") for name in STRANGE_IDS]
    server = serve(make_store(*reviews))
    server.wait_ready()
    for name in STRANGE_IDS:
        url = f"{server.url}/v1"
        assert httpx.get(f"{url}/products/{quote(name, safe='')}").json()["id"] == name
        assert httpx.get(f"{url}/reviews/{quote('r:' + name, safe='')}").json()["id"] == f"r:{name}"
        asked = {"question": "is it loud?", "product_id": name, "threshold": 0}
        reply = httpx.post(f"{url}/ask", json=asked).raise_for_status().json()
        assert {found["review_id"] for found in reply["passages"]} == {f"r:{name}"}


def test_offsets_are_code_points(
    serve: Callable[..., Any], make_store: Callable[..., Path]
) -> None:
    text = "\N{CAMERA}" * 7 + " e\N{COMBINING ACUTE ACCENT} It is very loud. \N{CAMERA}"
    server = serve(make_store(Review(id="r", product_id="p", text=text)))
    server.wait_ready()
    asked = {"question": "is it loud?", "product_id": "p", "threshold": 0}
    reply = httpx.post(f"{server.url}/v1/ask", json=asked).json()
    support = reply["answers"][0]["support"][0]
    assert text[support["start"] : support["end"]] == support["text"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/", "/static/app.js"])
def test_nothing_is_loaded_from_elsewhere(http: httpx.Client, path: str) -> None:
    body = http.get(path).raise_for_status().text
    assert "//cdn" not in body
    for found in ("src=", "href="):
        for part in body.split(found)[1:]:
            assert not part.startswith(('"http', "'http", '"//'))
