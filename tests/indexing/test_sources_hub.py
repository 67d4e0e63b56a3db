"""Data sets of the Hub: a local folder stands for one, where the extra is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import UnreadableSource
from indexing.ingest import IngestOptions, ingest
from indexing.sources import hub
from tests.indexing import dumps

UNREACHABLE = """
import sys
from indexing.errors import SourceNotFound
from indexing.sources import hub
try:
    next(hub.read("hub:nobody-at-all/nothing", skip=0, limit=1000))
except SourceNotFound as error:
    print(error)
"""


def test_without_the_extra_the_remedy_is_named(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UnreadableSource, match=r"pip install 'reviewqa\[hub\]'"):
        ingest(store, ["hub:owner/name"])


@pytest.mark.parametrize("address", ["hub:", "hub:a//b", "hub:a/b/c/d"])
def test_addresses_that_name_nothing(address: str) -> None:
    pytest.importorskip("datasets")
    with pytest.raises(UnreadableSource, match="hub:OWNER/NAME"):
        next(hub.read(address, skip=0, limit=1000))


def test_a_data_set_of_parquet_files_is_ingested(tmp_path: Path, store: EmbeddedEngine) -> None:
    pytest.importorskip("datasets")
    rows = [{"asin": "B1", "reviewText": f"Text {n}.", "overall": 4.0} for n in range(40)]
    for name, part in (("train", rows[:30]), ("test", rows[30:])):
        dumps.put(tmp_path / f"set/data/{name}-00000-of-00001.parquet", dumps.parquet(part))
    report = ingest(store, [f"hub:{tmp_path}/set"], IngestOptions(batch_size=7))
    assert report.sources[0].preset == "amazon-2018"
    assert (report.total("stored"), store.info().reviews) == (40, 40)
    assert ingest(store, [f"hub:{tmp_path}/set"]).total("unchanged") == 40


def test_a_hub_that_cannot_be_reached_is_named() -> None:
    pytest.importorskip("datasets")
    done = subprocess.run(
        [sys.executable, "-c", UNREACHABLE],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "hub:nobody-at-all/nothing cannot be had" in done.stdout
