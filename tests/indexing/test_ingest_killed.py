"""SIGKILL at any moment of an ingest loses nothing, doubles nothing, and changes no answer.

The full marathon: ``REVIEWQA_KILLS=50 REVIEWQA_REVIEWS=100000 pytest --log-cli-level=INFO``.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.engines.registry import open_engine
from indexing.ingest import CHECKPOINT
from tests.indexing import dumps, kill_worker

log = logging.getLogger(__name__)
KILLS = int(os.environ.get("REVIEWQA_KILLS", "4"))
REVIEWS = int(os.environ.get("REVIEWQA_REVIEWS", "6000"))
SEED = int(os.environ.get("REVIEWQA_SEED", "20"))
VOCABULARY = [f"word{n}" for n in range(2000)]
QUERIES = ("word1 word2", "word17 word1999 word400", "word3 word3 unheard", "word1000")


def make_dumps(folder: Path, rng: random.Random) -> list[str]:
    """Two files with broken lines, duplicates, repeated and replaced reviews among them."""
    rows = [_row(n, rng) for n in range(REVIEWS)]
    for n in range(0, REVIEWS, 50):
        rows[n] = {**rows[rng.randrange(REVIEWS)], "id": f"copy{n}"}
        rows[n - 1] = {**rows[rng.randrange(REVIEWS)], "text": f"Replaced {n}."}
        rows[n - 2] = rows[rng.randrange(REVIEWS)]
    lines = [json.dumps(row).encode() for row in rows]
    for n in range(7, REVIEWS, 40):
        lines[n] = lines[n][: len(lines[n]) // 2]
    half = REVIEWS // 2
    return [
        dumps.put(folder / "first.jsonl", b"\n".join(lines[:half])),
        dumps.put(folder / "second.jsonl", b"\n".join(lines[half:])),
    ]


def _row(number: int, rng: random.Random) -> dict[str, Any]:
    words = rng.choices(VOCABULARY, k=rng.randint(5, 120))
    text = ". ".join(" ".join(words[at : at + 9]) for at in range(0, len(words), 9))
    product = f"p{rng.randrange(REVIEWS // 40 + 1)}"
    return {"id": f"r{number}", "product_id": product, "text": text, "rating": rng.randint(1, 5)}


def start(store: Path, report: Path, paths: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, kill_worker.__file__, str(store), str(report), *paths]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, env=environment)


def told(report: Path) -> dict[str, Any]:
    """What a run reports, but for what depends on kills."""
    values: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    values.pop("seconds"), values.pop("resumed"), values.pop("rejects")
    for source in values["sources"]:
        source.pop("seconds")
    return values


def outcome(store: Path) -> dict[str, Any]:
    """Everything about a finished store that must not depend on kills."""
    with closing(open_engine(store)) as engine:
        assert engine.check() == []
        info = engine.info()
        assert isinstance(engine, EmbeddedEngine)
        assert engine.load_checkpoint(CHECKPOINT) is None
        return {
            "sizes": (info.reviews, info.passages, info.products, info.fingerprint),
            "rejects": (store / "rejects.jsonl").read_text(encoding="ascii"),
            "answers": [engine.search_bm25(query, k=20) for query in QUERIES],
            "of a product": [engine.search_bm25(query, k=20, product_id="p1") for query in QUERIES],
        }


def acknowledged(store: Path) -> int | None:
    """Records that the last checkpoint says are done; each of them must be there.

    None for a run that was killed after it had finished: it takes its checkpoint away last.
    """
    if not (store / "reviews.sqlite").exists():
        return 0
    with closing(open_engine(store)) as engine:
        assert isinstance(engine, EmbeddedEngine)
        state = engine.load_checkpoint(CHECKPOINT)
        if state is None:
            return None if engine.info().reviews else 0
        done = state["sources"]
        assert engine.info().reviews == sum(source["stored"] for source in done)
        assert engine.check() == []
        return sum(int(source["read"]) for source in done)


def test_killed_ingests_end_like_an_uninterrupted_one(tmp_path: Path) -> None:
    """Runs that finish, in spite of kills or just before one, are compared; then a new store."""
    rng = random.Random(SEED)
    paths = make_dumps(tmp_path, rng)
    began = time.monotonic()
    assert start(tmp_path / "whole", tmp_path / "whole.json", paths).wait() == 0
    longest = max(1.5, (time.monotonic() - began) / 5)
    expected, report = outcome(tmp_path / "whole"), told(tmp_path / "whole.json")
    assert report["stored"] > REVIEWS * 0.9

    rounds: list[list[int]] = [[]]
    while True:
        store = tmp_path / f"killed{len(rounds)}"
        patience = rng.uniform(0.3, longest) if sum(map(len, rounds)) < KILLS else None
        done = None
        if not killed(store, paths, patience):
            assert told(store.with_suffix(".json")) == report
        else:
            done = acknowledged(store)
        if done is not None:
            rounds[-1].append(done)
            continue
        assert outcome(store) == expected
        if patience is None:
            break
        rounds.append([])
    log.info("records acknowledged when killed, by round: %s", rounds)


def killed(store: Path, paths: Sequence[str], patience: float | None) -> bool:
    """Whether the worker had to be killed; it ends well otherwise."""
    worker = start(store, store.with_suffix(".json"), paths)
    try:
        assert worker.wait(patience) == 0
    except subprocess.TimeoutExpired:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        return True
    return False
