"""Ingests in a process of its own, to be killed: ``kill_worker.py STORE REPORT DUMP…``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from indexing.engines.registry import open_engine
from indexing.ingest import IngestOptions, ingest


def main(store: str, report_path: str, *dumps: str) -> None:
    engine = open_engine(store, create=True)
    report = ingest(engine, dumps, IngestOptions(batch_size=250, sync_every=2000))
    engine.close()
    finished = Path(f"{report_path}.new")
    finished.write_text(json.dumps(report.to_dict()), encoding="utf-8")
    finished.replace(report_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
