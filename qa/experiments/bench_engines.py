"""A large dump into both engines, and questions on one product of it.

``python -m qa.experiments.bench_engines --data DATA --dump FILE --store FOLDER
--store URL``
writes a dump of reviews made of SubjQA's sentences, indexes it into each store as ``reviewqa index
--no-embed`` does, and asks SubjQA's questions about products of it, one after the other. It prints
JSON: reviews a second, bytes on disk, the indexing process's memory while it went on, and
milliseconds. Stores must be new; a dump that is there is used again.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets.registry import load_reading
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from indexing.ingest import IngestOptions, ingest
from indexing.report import Progress
from indexing.splitter import sentences
from qa.experiments.cpu import instructions, model_name

DOMAINS = ("electronics", "grocery")
MEAN_REVIEWS = 50
"""Of a product; sizes are spread as a catalogue's are, few products have most."""
SAMPLE_EVERY = 20_000


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--dump", type=Path, required=True, help="where the dump is, or will be")
    parser.add_argument("--store", action="append", required=True, help="a folder or an address")
    given = parser.parse_args()
    texts, questions = spoken(given.data)
    if not given.dump.exists():
        write_dump(given.dump, texts, given.reviews)
    report = {
        "cpu": model_name(),
        "instructions": instructions(),
        "dump_bytes": given.dump.stat().st_size,
        "stores": [measure(s, given.dump, questions, given.questions) for s in given.store],
    }
    print(json.dumps(report, indent=1))  # noqa: T201


def spoken(data: Path) -> tuple[list[str], list[str]]:
    """SubjQA's sentences and its questions, each once, in order."""
    texts: dict[str, None] = {}
    questions: dict[str, None] = {}
    for domain in DOMAINS:
        for question in load_reading(f"subjqa:{domain}", "train", data):
            questions[question.question] = None
            for begin, end in sentences(question.context):
                texts[question.context[begin:end]] = None
    return list(texts), list(questions)


def write_dump(path: Path, texts: Sequence[str], count: int) -> None:
    """``count`` reviews of two to nine sentences as JSON lines; the same for the same arguments."""
    rng = random.Random(5)  # noqa: S311 - sampling, not secrets
    products = max(1, count // MEAN_REVIEWS)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        for number in range(count):
            text = " ".join(rng.choices(texts, k=rng.randint(2, 9)))
            product = f"P{int(products * rng.random() ** 2):07d}"
            record = {"id": f"r{number:09d}", "product_id": product, "text": text,
                      "rating": rng.randint(1, 5)}  # fmt: skip
            stream.write(json.dumps(record) + "\n")
    partial.replace(path)


def measure(location: str, dump: Path, questions: Sequence[str], count: int) -> dict[str, Any]:
    """One store: what loading took, what it takes on disk, how long searches take."""
    engine = open_engine(location, create=True)
    memory: list[float] = []

    def tell(progress: Progress) -> None:
        if progress.records_read // SAMPLE_EVERY >= len(memory):
            memory.append(resident())

    try:
        started = time.perf_counter()
        options = IngestOptions(rejects=dump.with_suffix(".rejects.jsonl"))
        report = ingest(engine, [str(dump)], options, tell)
        seconds = time.perf_counter() - started
        info = engine.info()
        return {
            "store": engine.name,
            "reviews": info.reviews,
            "passages": info.passages,
            "products": info.products,
            "seconds": round(seconds, 1),
            "reviews_per_second": round(report.total("read") / seconds),
            "bytes_on_disk": info.bytes_on_disk,
            "memory_mb": _spread(memory),
            "milliseconds": _latency(engine, dump, questions, count),
        }
    finally:
        engine.close()


def resident() -> float:
    """This process's own resident memory in MB, without files mapped into it."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("RssAnon"))
    return int(kilobytes) / 1024


def _spread(memory: Sequence[float]) -> dict[str, int]:
    """A fifth of the way, at half, at the end, and the most there was."""
    at = {"fifth": len(memory) // 5, "half": len(memory) // 2, "end": len(memory) - 1}
    return {name: round(memory[n]) for name, n in at.items()} | {"most": round(max(memory))}


def _latency(
    engine: Engine, dump: Path, questions: Sequence[str], count: int
) -> dict[str, dict[str, float]]:
    """By kind of search, p50 and p95 of ``count`` questions, each on a product of its own."""
    asked = list(_asked(dump, questions, count))
    return {
        "within a product": _timed(engine, asked),
        "over all": _timed(engine, [(question, None) for question, _ in asked[: count // 5]]),
    }


def _asked(dump: Path, questions: Sequence[str], count: int) -> Iterator[tuple[str, str]]:
    """Products as often as they have reviews: what is reviewed more is asked about more."""
    rng = random.Random(6)  # noqa: S311 - sampling, not secrets
    size = dump.stat().st_size
    with dump.open("rb") as stream:
        for _ in range(count):
            stream.seek(rng.randrange(size - size // 100))
            stream.readline()
            yield rng.choice(questions), json.loads(stream.readline())["product_id"]


def _timed(engine: Engine, asked: Sequence[tuple[str, str | None]]) -> dict[str, float]:
    taken = []
    for question, product in asked:
        started = time.perf_counter()
        engine.search_bm25(question, k=10, product_id=product, phrase_boost=0.3)
        taken.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(taken[len(taken) // 10 :], (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


if __name__ == "__main__":
    main()
