"""Writes reviews as the dumps that people have."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from indexing.records import Review

Row = dict[str, Any]


def row(review: Review) -> Row:
    """The fields that have a value, as our own format names them."""
    values = {name: value for name, value in asdict(review).items() if value is not None}
    if not values["extra"]:
        del values["extra"]
    return values


def jsonl(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()


def json_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def json_compact(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode()


def delimited(delimiter: str) -> Callable[[Sequence[Row]], bytes]:
    def write(rows: Sequence[Row]) -> bytes:
        names = list(dict.fromkeys(name for r in rows for name in r)) or ["text"]
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, names, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()

    return write


def parquet(rows: Sequence[Row]) -> bytes:
    sink = pa.BufferOutputStream()
    names = dict.fromkeys(name for r in rows for name in r)
    whole = [{name: r.get(name) for name in names} for r in rows]
    pq.write_table(pa.Table.from_pylist(whole), sink, row_group_size=3)
    return bytes(sink.getvalue())


FORMATS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "dump.jsonl": jsonl,
    "dump.json": json_array,
    "compact.json": json_compact,
    "lines.json": jsonl,
    "dump.csv": delimited(","),
    "dump.tsv": delimited("\t"),
    "semicolons.csv": delimited(";"),
    "dump.parquet": parquet,
    "dump.jsonl.gz": lambda rows: gzip.compress(jsonl(rows), 1),
    "dump.json.zst": lambda rows: zstandard.compress(json_array(rows)),
    "dump.csv.zst": lambda rows: zstandard.compress(delimited(",")(rows)),
    "misnamed.jsonl": lambda rows: gzip.compress(jsonl(rows), 1),
}


def put(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)
