"""SubjQA as its authors publish it, under ``REVIEWQA_DATA/subjqa``."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import pytest

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.ingest import ingest

LABEL = " ANSWERNOTFOUND"


@pytest.mark.data
@pytest.mark.skipif("REVIEWQA_DATA" not in os.environ, reason="REVIEWQA_DATA is not set")
def test_subjqa_is_stored_review_by_review(store: EmbeddedEngine) -> None:
    folder = Path(os.environ["REVIEWQA_DATA"], "subjqa", "electronics")
    expected: dict[str, str] = {}
    rows = 0
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows += 1
                assert row["review"].endswith(LABEL)
                expected[row["review_id"]] = row["review"].removesuffix(LABEL)
    report = ingest(store, [str(folder)])
    assert {source.preset for source in report.sources} == {"subjqa"}
    assert report.total("read") == rows
    assert report.total("rejected") == report.total("replaced") == 0
    stored = store.reviews(list(expected))
    assert len(stored) == store.info().reviews == report.total("stored")
    assert {name: review.text for name, review in stored.items()}.items() <= expected.items()
    assert store.check() == []
