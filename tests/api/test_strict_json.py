"""Bodies: what is JSON passes, everything else is a 400 and never an accident."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from api.strict_json import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    try:
        body = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert parse(body) == value


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        json.dumps(parse(body), ensure_ascii=False).encode()
    except HTTPException as refused:
        status = refused.status_code
    else:
        status = 400
    assert status == 400


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'[{"x": {"a": 1, "a": 1}}]', "same key twice"),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":' * 100_000, "deeper"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper"),
        (b"1" * 5000, "not JSON"),
        (b"'a'", "not JSON"),
    ],
)
def test_refusals_say_why(body: bytes, reason: str) -> None:
    with pytest.raises(HTTPException) as caught:
        parse(body)
    assert caught.value.status_code == 400
    assert reason in caught.value.detail


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(b'"\\ud83d\\udcf7"') == "\N{CAMERA}"
