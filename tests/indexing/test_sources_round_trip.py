"""Random reviews, written in every format and read back, are the same reviews."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.records import Review
from indexing.sources.locate import Location
from indexing.sources.source import SourceOptions, open_source
from tests.indexing import dumps

# Surrogates are no characters; a carriage return alone ends a line in CSV, and NUL ends a value
# in many tools, so these two get examples of their own.
characters = st.characters(codec="utf-8", exclude_characters="\x00\r")
words = st.text(characters, min_size=1).filter(lambda t: t.strip() == t)
reviews = st.builds(
    Review,
    id=words,
    product_id=words,
    text=st.text(characters, min_size=1).filter(str.strip),
    title=st.none() | words,
    rating=st.none() | st.floats(-10, 10).filter(lambda x: math.copysign(1, x) > 0 or x != 0),
    date=st.none() | st.dates().map(str),
    author=st.none() | words,
    verified=st.none() | st.booleans(),
    url=st.none() | words,
    product_title=st.none() | words,
)


def read(path: str, skip: int = 0, **options: object) -> list[Review]:
    with open_source(Location(path), SourceOptions(**options), skip) as source:  # type: ignore[arg-type]
        records = list(source.records(skip))
    assert [record.reason for record in records if record.reason] == []
    return [record.review for record in records if record.review is not None]


@pytest.mark.parametrize("name", dumps.FORMATS)
@given(wanted=st.lists(reviews, min_size=1, max_size=8), skip=st.integers(0, 9))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_format_gives_back_what_was_written(
    tmp_path: Path, name: str, wanted: list[Review], skip: int
) -> None:
    path = dumps.put(tmp_path / name, dumps.FORMATS[name]([dumps.row(r) for r in wanted]))
    assert read(path) == wanted
    assert read(path, skip) == wanted[skip:]


@pytest.mark.parametrize("name", ["dump.jsonl", "dump.json", "dump.parquet"])
def test_line_ends_nuls_and_extra_fields_survive(tmp_path: Path, name: str) -> None:
    review = Review(
        id="r",
        product_id="p",
        text="a\r\nb\rc\x00d\u2028e",
        extra={"style": {"Color:": "red"}, "votes": 3},
    )
    path = dumps.put(tmp_path / name, dumps.FORMATS[name]([dumps.row(review)]))
    assert read(path) == [review]


def test_large_arrays_and_elements_cross_the_chunks(tmp_path: Path) -> None:
    wanted = [
        Review(id=f"r{n}", product_id="p", text=('\\"{[' * (n * 997 % 9000)) + "x\\")
        for n in range(150)
    ]
    path = dumps.put(tmp_path / "a.json", dumps.json_array([dumps.row(r) for r in wanted]))
    assert read(path) == wanted
    assert read(path, 77) == wanted[77:]


def test_a_format_can_be_said(tmp_path: Path) -> None:
    wanted = [Review(id="r", product_id="p", text="x")]
    path = dumps.put(tmp_path / "dump.txt", dumps.jsonl([dumps.row(r) for r in wanted]))
    assert read(path, format="jsonl") == read(path) == wanted
