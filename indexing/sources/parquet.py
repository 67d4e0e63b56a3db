"""Parquet, one row group's batch at a time. pyarrow is imported when a file is read, not before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from indexing.sources.base import DEFAULT_RECORD_LIMIT, RawRecord, SourceFault
from indexing.sources.streams import ByteStream

_BATCH_ROWS = 512


def read(
    stream: ByteStream, *, skip: int = 0, limit: int = DEFAULT_RECORD_LIMIT
) -> Iterator[RawRecord]:
    """See :class:`indexing.sources.base.Reader`. Needs a plain file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if stream.path is None or stream.compression:
        raise SourceFault("Parquet is read from an uncompressed file, not from a stream")
    number = 0
    try:
        with pq.ParquetFile(stream.path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                if number + batch.num_rows <= skip:
                    number += batch.num_rows
                    continue
                for row in batch.to_pylist():
                    number += 1
                    if number > skip:
                        yield record(row, number, limit)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceFault(f"the Parquet file is damaged after row {number} ({error})") from error


def record(row: Mapping[str, Any], number: int, limit: int) -> RawRecord:
    """A row of Python values as a raw record of JSON values."""
    fields = {name: plain(value) for name, value in row.items()}
    raw = json.dumps(fields, ensure_ascii=True, default=str)
    if len(raw) > limit:
        return RawRecord(f"row {number}", None, raw[:8192], f"longer than {limit} bytes")
    return RawRecord(f"row {number}", fields, raw)


def plain(value: Any) -> Any:
    """JSON's types for what Arrow gives: dates in ISO form, decimals as floats, no bytes."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else None
