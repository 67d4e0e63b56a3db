"""Broken, absurd and malicious input: every good record is read, every bad one has a reason."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import zstandard

from indexing.errors import SourceNotFound, UnreadableSource
from indexing.sources.base import SourceFault
from indexing.sources.locate import Location, locate
from indexing.sources.source import Record, SourceOptions, open_source
from tests.indexing import dumps

GOOD = b'{"id":"%d","product_id":"p","text":"good"}'
BAD_LINES = {
    b'{"id": "x", "product_id": "p", "text": "caf\xe9"}': "not UTF-8: byte 43 is 0xe9",
    b'{"id": "x", "product_id"': "not JSON",
    b"[1, 2]": "not a JSON object but an array",
    b"3": "not a JSON object but a number",
    b"null": "not a JSON object but null",
    b'"text"': "not a JSON object but a string",
    b"\x00\x01": "not JSON",
    b'{"a":' * 100_000: "JSON nested too deeply",
    b'{"id":"x","product_id":"p","text":"half \\ud83d"}': "half a surrogate pair (U+D83D)",
    b'{"id":"x","product_id":"p","text":"  \\n "}': "the text is empty",
    b'{"id":"x","product_id":"p","text":""}': "no text: 'text' empty or missing",
    b'{"id":"x","product_id":"p","text":["no"]}': "the text is not a string but list",
    b'{"id":"x","product_id":"p"}': "no text: 'text' empty or missing",
    b'{"id":"x","product_id":"  ","text":"t"}': "no product",
    b'{"id":"x","text":"t"}': "no product",
    b'{"id":"' + b"9" * 600 + b'","product_id":"p","text":"t"}': "the id has 600 characters",
    b'{"id":' + b"9" * 5000 + b',"product_id":"p","text":"t"}': "not JSON",
}


def read(path: str | Path, **options: object) -> list[Record]:
    with open_source(Location(str(path)), SourceOptions(**options)) as source:  # type: ignore[arg-type]
        return list(source.records())


def collect(records: Iterable[Record], seen: list[Record]) -> None:
    """Unlike ``extend``, keeps what came before an exception."""
    for record in records:
        seen.append(record)


def good(number: int) -> bytes:
    return GOOD % number


@pytest.mark.parametrize("bad", BAD_LINES, ids=list(BAD_LINES.values()))
def test_a_bad_line_is_a_reject_with_its_place_and_reason(tmp_path: Path, bad: bytes) -> None:
    path = dumps.put(tmp_path / "a.jsonl", b"\n".join([good(1), b"", bad, good(2)]))
    first, reject, last = read(path)
    assert first.review is not None
    assert last.review is not None
    assert reject.review is None
    assert reject.place == "line 3"
    assert (reject.reason or "").startswith(BAD_LINES[bad])
    assert reject.raw


def test_an_array_survives_a_bad_element(tmp_path: Path) -> None:
    elements = [good(1), *[bad for bad in BAD_LINES if bad.count(b"{") == bad.count(b"}")], good(2)]
    path = dumps.put(tmp_path / "a.json", b"[" + b" ,\n".join(elements) + b"]")
    records = read(path)
    assert len(records) == len(elements)
    assert [bool(record.review) for record in records] == [
        True,
        *[False] * (len(elements) - 2),
        True,
    ]


@pytest.mark.parametrize("wrap", [b"%s", b"[%s]"], ids=["lines", "array"])
def test_an_absurdly_long_record_is_skipped_without_being_kept(tmp_path: Path, wrap: bytes) -> None:
    huge = b'{"id":"h","product_id":"p","text":"' + b"x" * 3_000_000 + b'"}'
    joint = b"\n" if wrap == b"%s" else b",\n"
    path = dumps.put(tmp_path / "a.json", wrap % joint.join([good(1), huge, good(2), huge]))
    records = read(path, record_limit=100_000)
    assert [bool(record.review) for record in records] == [True, False, True, False]
    assert records[1].reason == "longer than 100000 bytes"
    assert len(records[1].raw) <= 8192


def test_not_a_number_is_no_rating(tmp_path: Path) -> None:
    lines = [
        f'{{"product_id":"p","text":"t","rating":{rating}}}'
        for rating in ("NaN", "Infinity", "1e999", '"x"', "4")
    ]
    records = read(dumps.put(tmp_path / "a.jsonl", "\n".join(lines).encode()))
    assert [record.review.rating for record in records if record.review] == [None] * 4 + [4.0]
    for record in records:
        assert record.review is not None
        json.dumps(dict(record.review.extra), allow_nan=False)


def test_of_duplicate_keys_the_last_counts(tmp_path: Path) -> None:
    line = b'{"id":"a","product_id":"p","text":"one","text":"two"}'
    (record,) = read(dumps.put(tmp_path / "a.jsonl", line))
    assert record.review is not None
    assert record.review.text == "two"


def test_the_text_is_stored_as_it_is(tmp_path: Path) -> None:
    text = "  I &quot;love&quot; it<br /><b>really</b> &amp; truly \u00a0 "
    line = json.dumps({"id": "a", "product_id": "p", "text": text}).encode()
    (record,) = read(dumps.put(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + line))
    assert record.review is not None
    assert record.review.text == text


@pytest.mark.parametrize(
    ("name", "compress", "cut"),
    [
        ("a.jsonl.gz", lambda data: gzip.compress(data, 1), 0.5),
        ("a.jsonl.gz", lambda data: gzip.compress(data, 1), 0.9999),
        ("a.jsonl.zst", zstandard.compress, 0.5),
        ("a.jsonl.zst", zstandard.compress, 0.9999),
        ("a.json.gz", lambda data: gzip.compress(b"[" + data.replace(b"\n", b",") + b"]", 1), 0.5),
    ],
)
def test_of_a_truncated_archive_everything_before_is_read(
    tmp_path: Path, name: str, compress: object, cut: float
) -> None:
    lines = [b'{"id":"%d","product_id":"p","text":"%s"}' % (n, os.urandom(99).hex().encode())
             for n in range(5000)]  # fmt: skip
    whole = compress(b"\n".join(lines))  # type: ignore[operator]
    path = dumps.put(tmp_path / name, whole[: int(len(whole) * cut)])
    seen: list[Record] = []
    with open_source(Location(path), SourceOptions()) as source:
        records = source.records()
        with pytest.raises(SourceFault, match=r"cut short|damaged"):
            collect(records, seen)
    assert len(seen) > 5000 * cut * 0.8 - 1000
    assert [record.review.id for record in seen if record.review] == [
        str(n) for n in range(len(seen))
    ]


def test_an_archive_of_garbage_is_unreadable(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.jsonl.gz", b"\x1f\x8b\x08" + b"garbage" * 20)
    with pytest.raises(UnreadableSource, match="damaged"):
        read(path)


def test_a_bomb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """120 MiB of zeros in one line, in a file of 1 MB or less: a reject, and little memory."""
    block = b"0" * (1 << 20)
    with gzip.open(tmp_path / "bomb.jsonl.gz", "wb", compresslevel=1) as file:
        for _ in range(120):
            file.write(block)
        file.write(b"\n" + good(1))
    with zstandard.open(tmp_path / "bomb.jsonl.zst", "wb") as file:
        for _ in range(120):
            file.write(block)
        file.write(b"\n" + good(1))
    code = """
import resource, sys
from indexing.sources.locate import Location
from indexing.sources.source import SourceOptions, open_source
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    with open_source(Location(path), SourceOptions()) as source:
        print([bool(record.review) for record in source.records()])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    paths = [str(tmp_path / f"bomb.jsonl.{kind}") for kind in ("gz", "zst")]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
    )
    *read_records, grown = done.stdout.split("\n")[:3]
    assert read_records == ["[False, True]"] * 2
    assert int(grown) < 100


def test_utf_16_is_named(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.jsonl", good(1).decode().encode("utf-16"))
    with pytest.raises(UnreadableSource, match=r"UTF-16.*iconv"):
        read(path)


def test_csv_faults_are_rejects(tmp_path: Path) -> None:
    data = (
        b"id,product_id,text\n"
        b"1,p,good\n"
        b"2,p,caf\xe9\n"
        b"3,p,too,many\n"
        b"4,p\n"
        b'5,p,"two\nlines"\n'
        b"6,p," + b"x" * 5000 + b"\n"
        b'7,p,"' + b"y" * 500 + b"\n" + b"y" * 500 + b'"\n'
        b"8,p,good\n"
        b'9,p,"never closed\n' + b"z\n" * 10
    )
    records = read(dumps.put(tmp_path / "a.csv", data), record_limit=800)
    outcome = {
        record.review.id if record.review else record.place: record.reason for record in records
    }
    assert outcome == {
        "1": None,
        "line 3": "not UTF-8",
        "line 4": "4 fields, the header has 3",
        "line 5": "no text: 'text' empty or missing",
        "5": None,
        "line 8": "not readable: line longer than 800 bytes",
        "line 9": "not readable: field larger than field limit (800)",
        "8": None,
        "9": None,
    }


def test_parquet_faults(tmp_path: Path) -> None:
    whole = dumps.parquet([{"id": str(n), "product_id": "p", "text": "t" * n} for n in range(50)])
    with pytest.raises(UnreadableSource, match="damaged"):
        read(dumps.put(tmp_path / "a.parquet", whole[:-30]))
    with pytest.raises(UnreadableSource, match="uncompressed file"):
        read(dumps.put(tmp_path / "b.parquet.gz", gzip.compress(whole)))


def test_what_cannot_be_mapped_stops_with_the_remedy(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.jsonl", b'{"body_de": "gut", "artikel": "p"}\n')
    with pytest.raises(UnreadableSource) as stopped:
        read(path)
    for part in (path, "artikel, body_de", "--map text=COLUMN"):
        assert part in str(stopped.value)
    with pytest.raises(UnreadableSource, match=r"--map product_id=COLUMN.*--product ID"):
        read(path, field_map={"text": "body_de"})
    with pytest.raises(UnreadableSource, match="no column 'gibtsnicht'"):
        read(path, field_map={"text": "gibtsnicht"})
    with pytest.raises(UnreadableSource, match=r"no field 'txet'.*product_id"):
        read(path, field_map={"txet": "body_de"})
    (record,) = read(path, field_map={"text": "body_de", "product_id": "artikel"})
    assert record.review is not None
    assert (record.review.text, record.review.product_id) == ("gut", "p")
    (record,) = read(path, field_map={"text": "body_de"}, product_id="constant")
    assert record.review is not None
    assert record.review.product_id == "constant"
    assert record.review.extra == {"artikel": "p"}


def test_many_bad_lines_ahead_do_not_hide_the_good_ones(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.jsonl", b"broken\n" * 5000 + good(1))
    assert sum(record.review is not None for record in read(path)) == 1
    path = dumps.put(tmp_path / "b.jsonl", b"broken\n" * 10_001)
    with pytest.raises(UnreadableSource, match="another --format"):
        read(path)


def test_empty_files_hold_nothing(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.json", "a.csv"):
        assert read(dumps.put(tmp_path / name, b"")) == []
    assert read(dumps.put(tmp_path / "b.json", b"[]")) == []
    assert read(dumps.put(tmp_path / "b.csv", b"id,product_id,text\n")) == []


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    path = dumps.put(tmp_path / "a.bin", b"\x89PNG....")
    with pytest.raises(UnreadableSource, match="--format"):
        read(path)
    with pytest.raises(UnreadableSource, match="no format 'xml'; choose one of csv, json"):
        read(path, format="xml")


def test_a_folder_is_read_in_order_and_never_left(tmp_path: Path) -> None:
    outside = dumps.put(tmp_path / "outside.jsonl", good(9))
    folder = tmp_path / "dumps"
    for name in ("b.jsonl", "a.csv.gz", "sub/c.json", ".hidden.jsonl", "notes.txt"):
        dumps.put(folder / name, b"")
    (folder / "link.jsonl").symlink_to(outside)
    (folder / "inside.jsonl").symlink_to(folder / "b.jsonl")
    (folder / "loop").symlink_to(folder)
    (folder / "away").symlink_to(tmp_path)
    found = [
        Path(location.name).relative_to(folder).as_posix() for location in locate([str(folder)])
    ]
    assert found == ["a.csv.gz", "b.jsonl", "inside.jsonl", "sub/c.json"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match=r"gone.jsonl"):
        locate([str(tmp_path / "gone.jsonl")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableSource, match=r"no review dump.*\.jsonl"):
        locate([str(tmp_path / "empty")])
