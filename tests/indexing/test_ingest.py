"""Ingesting whole dumps: reports, rejects, idempotence, deletion, faults."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreBusy, UnreadableSource
from indexing.ingest import CHECKPOINT, IngestOptions, ingest
from indexing.report import IngestReport, Progress
from tests.indexing import dumps

COUNTS = ("read", "stored", "unchanged", "replaced", "duplicate", "rejected", "deleted")


def counts(report: IngestReport) -> dict[str, int]:
    return {name: report.total(name) for name in COUNTS if report.total(name)}


def rows(size: int, product: str = "p", start: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": f"r{n:05d}", "product_id": f"{product}{n % 7}", "text": f"Text {n}. Battery {n}!"}
        for n in range(start, start + size)
    ]


def rejects(report: IngestReport) -> list[dict[str, str]]:
    return [json.loads(line) for line in Path(report.rejects).read_text("ascii").splitlines()]


@pytest.mark.parametrize("name", dumps.FORMATS)
def test_every_format_fills_the_same_store(
    tmp_path: Path, store: EmbeddedEngine, name: str
) -> None:
    path = dumps.put(tmp_path / name, dumps.FORMATS[name](rows(50)))
    report = ingest(store, [path], IngestOptions(batch_size=7))
    assert counts(report) == {"read": 50, "stored": 50}
    assert store.check() == []
    expected = {row["id"]: row["text"] for row in rows(50)}
    assert {i: r.text for i, r in store.reviews(list(expected)).items()} == expected
    again = ingest(store, [path])
    assert counts(again) == {"read": 50, "unchanged": 50}
    assert store.load_checkpoint(CHECKPOINT) is None


def test_every_good_record_is_stored_and_every_bad_one_listed(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    """Five in a hundred lines are broken, each in one of many ways."""
    rng = random.Random(11)
    bad_lines = [
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"id":"x","product_id":"p"}',
        b'{"product_id":"p","text":""}',
        b'{"id":"y","text":"no product"}',
        b'{"id":"z","product_id":"p","text":"\\ud800"}',
        b'{"a":' * 5000,
        b"x" * 60_000,
    ]
    lines, bad = [], {}
    for number, row in enumerate(rows(4000), start=1):
        if rng.random() < 0.05:
            bad[f"line {number}"] = rng.choice(bad_lines)
            lines.append(bad[f"line {number}"])
        else:
            lines.append(json.dumps(row).encode())
    path = dumps.put(tmp_path / "a.jsonl", b"\n".join(lines))
    report = ingest(store, [path], IngestOptions(record_limit=50_000))
    good = 4000 - len(bad)
    assert counts(report) == {"read": 4000, "stored": good, "rejected": len(bad)}
    assert store.info().reviews == good
    listed = rejects(report)
    assert [entry["place"] for entry in listed] == list(bad)
    assert all(entry["file"] == path and entry["reason"] for entry in listed)
    assert all(len(entry["raw"]) <= 2000 for entry in listed)
    assert {entry.get("cut") for entry in listed} > {None}


def test_the_report_says_what_was_read_and_how(tmp_path: Path, store: EmbeddedEngine) -> None:
    amazon = {"asin": "B1", "reviewText": "Fine.", "overall": 4, "unixReviewTime": 1514764800}
    first = dumps.put(tmp_path / "d/a.jsonl.gz", gzip.compress(dumps.jsonl([amazon])))
    second = dumps.put(tmp_path / "d/b.csv", dumps.FORMATS["dump.csv"](rows(3)))
    report = ingest(store, [str(tmp_path / "d")])
    told = json.loads(json.dumps(report.to_dict()))
    assert [source["source"] for source in told["sources"]] == [first, second]
    assert told["sources"][0]["preset"] == "amazon-2018"
    assert told["sources"][0]["field_map"]["text"] == "reviewText"
    assert told["sources"][1]["format"] == "csv"
    assert (told["read"], told["stored"], told["resumed"]) == (4, 4, False)
    assert report.seconds > 0


def test_progress_is_told_while_it_goes(tmp_path: Path, store: EmbeddedEngine) -> None:
    paths = [
        dumps.put(tmp_path / f"{n}.jsonl", dumps.jsonl(rows(40, start=40 * n))) for n in (0, 1)
    ]
    told: list[Progress] = []
    ingest(store, paths, IngestOptions(batch_size=10), told.append)
    total = sum(Path(path).stat().st_size for path in paths)
    assert {progress.total_bytes for progress in told} == {total}
    assert [p.records_read for p in told] == sorted(p.records_read for p in told)
    assert (told[-1].records_read, told[-1].bytes_read, told[-1].source) == (80, total, paths[1])


def test_duplicates_are_counted_whatever_the_batches(tmp_path: Path) -> None:
    rng = random.Random(5)
    texts = [f"{word} works well for me" for word in ("this", "that", "it", "IT ")]
    dump = [
        {"id": f"r{rng.randrange(60)}", "product_id": f"p{rng.randrange(3)}", "text": text}
        for text in rng.choices(texts, k=200)
    ]
    path = dumps.put(tmp_path / "a.jsonl", dumps.jsonl(dump))
    outcomes = set()
    for size in (1, 3, 50, 1000):
        engine = EmbeddedEngine(tmp_path / f"store{size}", create=True)
        report = ingest(engine, [path], IngestOptions(batch_size=size))
        outcomes.add((tuple(counts(report).items()), engine.info().fingerprint))
        assert engine.check() == []
        engine.close()
    assert len(outcomes) == 1


def test_delete_removes_the_reviews_of_a_dump(tmp_path: Path, store: EmbeddedEngine) -> None:
    ingest(store, [dumps.put(tmp_path / "a.jsonl", dumps.jsonl(rows(30)))])
    ids_only = [{"id": row["id"]} for row in rows(10, start=25)]
    path = dumps.put(tmp_path / "gone.jsonl", dumps.jsonl(ids_only))
    report = ingest(store, [path], IngestOptions(delete=True))
    assert counts(report) == {"read": 10, "deleted": 5}
    assert store.info().reviews == 25
    no_ids = {"asin": "B1", "reviewText": "Fine."}
    path = dumps.put(tmp_path / "b.jsonl", dumps.jsonl([no_ids]))
    ingest(store, [path])
    assert counts(ingest(store, [path], IngestOptions(delete=True))) == {"read": 1, "deleted": 1}
    assert store.check() == []


def test_a_truncated_archive_is_a_fault_and_the_rest_goes_on(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    lines = [
        json.dumps({**row, "n": random.Random(n).random()}) for n, row in enumerate(rows(3000))
    ]
    whole = gzip.compress("\n".join(lines).encode(), 1)
    cut = dumps.put(tmp_path / "a.jsonl.gz", whole[: len(whole) // 2])
    after = dumps.put(tmp_path / "b.jsonl", dumps.jsonl(rows(5, "q", 9000)))
    report = ingest(store, [cut, after])
    first, second = report.sources
    assert "cut short" in (first.fault or "")
    assert report.faults == (f"{cut}: {first.fault}",)
    assert first.stored == first.read > 1000
    assert second.stored == 5
    assert store.info().reviews == first.stored + 5


def test_an_unusable_file_stops_when_named_and_not_in_a_folder(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    bad = dumps.put(tmp_path / "d/a.jsonl", b'{"colour": "red"}\n')
    dumps.put(tmp_path / "d/b.jsonl", dumps.jsonl(rows(3)))
    with pytest.raises(UnreadableSource, match="colour"):
        ingest(store, [bad])
    report = ingest(store, [str(tmp_path / "d")])
    assert report.total("stored") == 3
    assert len(report.faults) == 1


def test_standard_input(
    tmp_path: Path, store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gzip.compress(dumps.jsonl(rows(300)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    report = ingest(store, ["-"], IngestOptions(batch_size=100))
    assert counts(report) == {"read": 300, "stored": 300}
    assert report.sources[0].source == "-"


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, store: EmbeddedEngine) -> None:
    lines = [json.dumps(row) for row in rows(100)]
    lines[13] = lines[57] = "broken"
    path = dumps.put(tmp_path / "a.jsonl", "\n".join(lines).encode())
    first = dumps.put(tmp_path / "0.jsonl", dumps.jsonl(rows(10, "z", 500)))

    def interrupt(progress: Progress) -> None:
        if progress.records_read >= 60:
            raise KeyboardInterrupt

    options = IngestOptions(batch_size=10)
    with pytest.raises(KeyboardInterrupt):
        ingest(store, [first, path], options, interrupt)
    assert store.info().reviews < 108
    with Path(store.location, "rejects.jsonl").open("a") as file:
        file.write("written after the last checkpoint\n")
    told: list[Progress] = []
    report = ingest(store, [first, path], options, told.append)
    assert report.resumed
    assert told[0].records_read > 60
    assert counts(report) == {"read": 110, "stored": 108, "rejected": 2}
    assert [entry["place"] for entry in rejects(report)] == ["line 14", "line 58"]
    assert not ingest(store, [first, path]).resumed


def test_a_run_killed_in_its_first_batch_leaves_no_rejects_behind(
    tmp_path: Path, store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps.put(tmp_path / "a.jsonl", dumps.jsonl(rows(3)) + b"broken\n")
    write = store.write_checkpointed

    def fail(reviews: Any, name: str, make_state: Any) -> Any:
        if reviews:
            raise KeyboardInterrupt
        return write(reviews, name, make_state)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_checkpointed", fail)
        with pytest.raises(KeyboardInterrupt):
            ingest(store, [str(tmp_path / "a.jsonl")])
    report = ingest(store, [str(tmp_path / "a.jsonl")])
    assert counts(report) == {"read": 4, "stored": 3, "rejected": 1}
    assert [entry["place"] for entry in rejects(report)] == ["line 4"]


def test_a_changed_file_is_read_from_its_start(tmp_path: Path, store: EmbeddedEngine) -> None:
    path = dumps.put(tmp_path / "a.jsonl", dumps.jsonl(rows(40)))

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, [path], IngestOptions(batch_size=10), interrupt)
    dumps.put(tmp_path / "a.jsonl", dumps.jsonl(rows(41)))
    report = ingest(store, [path])
    assert not report.resumed
    assert counts(report) == {"read": 41, "stored": 31, "unchanged": 10}


def test_a_second_writer_is_refused_and_a_reader_is_not(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    path = dumps.put(tmp_path / "a.jsonl", dumps.jsonl(rows(20)))
    code = """
import sys
from indexing.engines.registry import open_engine
from indexing.errors import StoreBusy
from indexing.ingest import ingest
reader = open_engine(sys.argv[1], read_only=True)
print(len(reader.search_bm25("battery", k=99, product_id="p1")))
try:
    ingest(open_engine(sys.argv[1]), [sys.argv[2]])
except StoreBusy as error:
    print(error)
"""
    outputs = []

    def start_another(_: Progress) -> None:
        arguments = [sys.executable, "-c", code, store.location, path]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        outputs.append(done.stdout + done.stderr)

    ingest(store, [path], IngestOptions(batch_size=20), start_another)
    found, busy, *_ = outputs[0].splitlines()
    assert int(found) == 3
    assert store.location in busy
    assert "being written by process" in busy
    with store.exclusive():
        pass
    assert issubclass(StoreBusy, Exception)
