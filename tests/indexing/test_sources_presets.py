"""The dumps people have, as their documentation shows them, are mapped without being told how."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.records import Review
from indexing.sources.dates import iso_day
from indexing.sources.locate import Location
from indexing.sources.mapping import number, truth
from indexing.sources.source import OpenSource, SourceOptions, open_source
from tests.indexing import dumps

AMAZON_2018: dict[str, Any] = {
    "overall": 5.0,
    "vote": "2",
    "verified": True,
    "reviewTime": "01 1, 2018",
    "unixReviewTime": 1514764800,
    "reviewerID": "AUI6WTTT0QZYS",
    "asin": "5120053084",
    "style": {"Size:": "Large"},
    "reviewerName": "Abbey",
    "reviewText": "I now have 4 of the 5 available colors of this shirt... ",
    "summary": "Comfy!",
    "image": ["https://example.org/a.jpg"],
}
AMAZON_2023: dict[str, Any] = {
    "rating": 4,
    "title": "Nice",
    "text": "This spray is really nice.",
    "images": [],
    "asin": "B00YQ6X8EO",
    "parent_asin": "B00YQ6X8E0",
    "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
    "timestamp": 1588687728923,
    "helpful_vote": 0,
    "verified_purchase": False,
}
YELP: dict[str, Any] = {
    "review_id": "KU_O5udG6zpxOg-VcAEodg",
    "user_id": "mh_-eMZ6K5RLWhZyISBhwA",
    "business_id": "XQfwVwDr-v0ZS3_CbbE5Xw",
    "stars": 3.0,
    "useful": 0,
    "text": "If you decide to eat here...",
    "date": "2018-07-07 22:09:11",
}
TRIPADVISOR: dict[str, Any] = {
    "hotel_url": "Hotel_Review-g194775-d1121769-Reviews-Hotel_Baltic",
    "author": "violettaf340",
    "date": "2019-01-01T00:00:00",
    "rating": 5.0,
    "title": "Excellent in every way!",
    "text": "I visited Hotel Baltic with my husband.",
    "property_dict": {"sleep quality": 5.0},
}
NOBODYS: dict[str, Any] = {
    "productId": "X1",
    "review_body": "Fine.",
    "star_rating": "4 out of 5",
    "review_date": "Sep 13, 2009",
    "customer_id": 17,
}
EXAMPLES = {
    "amazon-2018": (
        AMAZON_2018,
        {
            "product_id": "5120053084",
            "text": AMAZON_2018["reviewText"],
            "title": "Comfy!",
            "rating": 5.0,
            "date": "2018-01-01",
            "author": "Abbey",
            "verified": True,
            "extra": {"vote": "2", "reviewerID": "AUI6WTTT0QZYS", "style": {"Size:": "Large"}},
        },
    ),
    "amazon-2023": (
        AMAZON_2023,
        {
            "product_id": "B00YQ6X8E0",
            "text": "This spray is really nice.",
            "title": "Nice",
            "rating": 4.0,
            "date": "2020-05-05",
            "author": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
            "verified": False,
            "extra": {"helpful_vote": 0, "asin": "B00YQ6X8EO"},
        },
    ),
    "yelp": (
        YELP,
        {
            "id": "KU_O5udG6zpxOg-VcAEodg",
            "product_id": "XQfwVwDr-v0ZS3_CbbE5Xw",
            "rating": 3.0,
            "date": "2018-07-07",
            "author": "mh_-eMZ6K5RLWhZyISBhwA",
            "extra": {"useful": 0},
        },
    ),
    "tripadvisor": (
        TRIPADVISOR,
        {
            "product_id": "Hotel_Review-g194775-d1121769-Reviews-Hotel_Baltic",
            "date": "2019-01-01",
            "title": "Excellent in every way!",
            "extra": {"property_dict": {"sleep quality": 5.0}},
        },
    ),
    "common names": (
        NOBODYS,
        {"product_id": "X1", "text": "Fine.", "rating": 4.0, "date": "2009-09-13", "author": "17"},
    ),
}
DATES = [
    (1252800000, "2009-09-13"),
    (1252800000000, "2009-09-13"),
    (1252800000000000, "2009-09-13"),
    ("1252800000", "2009-09-13"),
    (1252800000.5, "2009-09-13"),
    ("09 13, 2009", "2009-09-13"),
    ("9 3, 2009", "2009-09-03"),
    ("2009-09-13", "2009-09-13"),
    ("2009-9-3", "2009-09-03"),
    ("2009-09-13T23:59:59Z", "2009-09-13"),
    ("2009-09-13 20:11:00", "2009-09-13"),
    ("20090913", "2009-09-13"),
    ("2009/09/13", "2009-09-13"),
    ("9/13/2009", "2009-09-13"),
    ("13/9/2009", "2009-09-13"),
    ("September 13, 2009", "2009-09-13"),
    ("13 Sep 2009", "2009-09-13"),
    ("September 2009", "2009-09-01"),
    ("2009-02-30", None),
    ("yesterday", None),
    ("", None),
    ("nan", None),
    (-5, None),
    (0, None),
    (True, None),
    (None, None),
    ([2009], None),
    (10**30, None),
]


def read(path: str, **options: Any) -> tuple[OpenSource, list[Review]]:
    with open_source(Location(path), SourceOptions(**options)) as source:
        return source, [record.review for record in source.records() if record.review]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_known_dump_is_told_by_its_columns(tmp_path: Path, name: str) -> None:
    record, expected = EXAMPLES[name]
    sparse = {key: value for key, value in record.items() if key not in ("vote", "image", "title")}
    path = dumps.put(tmp_path / "a.jsonl", dumps.jsonl([sparse, record]))
    source, (_, review) = read(path)
    assert source.preset == name
    assert source.field_map["text"] in record
    assert {key: getattr(review, key) for key in expected} == expected


def test_reviews_without_an_id_get_a_stable_one(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.jsonl", dumps.jsonl([AMAZON_2018, AMAZON_2018]))
    _, (first, second) = read(path)
    assert first.id == second.id
    other = dumps.put(tmp_path / "b.jsonl", dumps.jsonl([{**AMAZON_2018, "asin": "x"}]))
    _, (third,) = read(other)
    assert third.id != first.id


def test_what_cannot_be_converted_is_kept(tmp_path: Path) -> None:
    odd = {**NOBODYS, "review_date": "last week", "star_rating": "good"}
    _, (review,) = read(dumps.put(tmp_path / "a.jsonl", dumps.jsonl([odd])))
    assert (review.date, review.rating) == (None, None)
    assert review.extra == {"date": "last week", "rating": "good"}


def test_subjqa_rows_of_one_review_are_one_review(tmp_path: Path) -> None:
    """The label that ends every text is no text of the author's, and annotations are not kept."""
    rows = [
        {
            "item_id": "B1",
            "question": question,
            "q_review_id": question,
            "review_id": "r1",
            "review": "It is light.Great sound. ANSWERNOTFOUND",
            "human_ans_spans": "ANSWERNOTFOUND",
        }
        for question in ("q1", "q2")
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path = dumps.put(tmp_path / "train.csv.gz", gzip.compress(out.getvalue().encode()))
    source, (first, second) = read(path)
    assert source.preset == "subjqa"
    assert first == second == Review(id="r1", product_id="B1", text="It is light.Great sound.")


@pytest.mark.parametrize(("value", "day"), DATES, ids=[repr(value) for value, _ in DATES])
def test_dates(value: Any, day: str | None) -> None:
    assert iso_day(value) == day


@given(st.from_type(object) | st.text() | st.floats() | st.integers())
def test_conversions_never_raise(value: Any) -> None:
    iso_day(value)
    number(value)
    truth(value)


def test_ratings_and_flags() -> None:
    given_ratings = [4, "4.0", "4,5", "5 stars", "4 out of 5", "1e1", True, None, "x", "nan", []]
    assert [number(value) for value in given_ratings] == [
        4.0, 4.0, 4.5, 5.0, 4.0, 10.0, None, None, None, None, None,
    ]  # fmt: skip
    assert [truth(value) for value in (True, "Y", 1, "no", 0, "perhaps")] == [
        True, True, True, False, False, None,
    ]  # fmt: skip


def test_the_extra_object_of_our_own_format_is_kept_flat(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "product_id": "p", "text": "t", "extra": {"a": 1}, "b": 2})
    _, (review,) = read(dumps.put(tmp_path / "a.jsonl", line.encode()))
    assert review.extra == {"a": 1, "b": 2}
