"""Asking, end to end, against the peer a user would pick: same passages, same weights, one run.

The peer is Haystack's ``TransformersExtractiveReader`` in PyTorch, as it comes; the book's reader
is BERT-base in PyTorch, padded to 384. Needs the extras ``train`` and ``bench``::

    python -m qa.experiments.bench_ask --data DATA --run OUT_OF_TRAINING --store DIR
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from haystack import Document
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader
from transformers import BertConfig, BertForQuestionAnswering

from eval.datasets.registry import load_reading
from eval.metrics.squad import f1
from eval.records import ReadingQuestion
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from indexing.records import Review
from qa.experiments.cpu import instructions, model_name
from qa.pipelines.answer import Answerer
from qa.training.hub_format import save_transformers
from qa.training.recipe import load_recipe

DOMAINS = ("subjqa:electronics", "subjqa:grocery")
PASSAGES = 10
WARM_UP = 3
RECIPE = Path(__file__).parent.parent / "training" / "recipes" / "reader.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its result as JSON."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    engine = open_engine(options.store, create=True)
    questions = _questions(options.data, options.questions)
    _fill(engine, options.data)
    with tempfile.TemporaryDirectory() as folder:
        peer = _peer(options, Path(folder))
        with Answerer(engine, model=options.model, threads=options.threads) as answerer:
            result = _measure(answerer, peer, questions, options)
    engine.close()
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time asking against transformers-haystack.")
    parser.add_argument("--data", type=Path, required=True, help="root of the public data sets")
    parser.add_argument(
        "--run", type=Path, required=True, help="what `train reader` wrote to --out"
    )
    parser.add_argument("--store", required=True, help="a store to make or use")
    parser.add_argument("--model", help="reader folder; the shipped one if absent")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(arguments)


def _questions(data: Path, count: int) -> list[ReadingQuestion]:
    """Answerable test questions, evenly over the domains, in file order."""
    picked = []
    for name in DOMAINS:
        answerable = [q for q in load_reading(name, "test", data) if q.gold("any")]
        step = max(1, len(answerable) // (count // len(DOMAINS)))
        picked += answerable[::step][: count // len(DOMAINS)]
    return picked


def _fill(engine: Engine, data: Path) -> None:
    for name in DOMAINS:
        for split in ("train", "dev", "test"):
            found = {q.context_id: q for q in load_reading(name, split, data)}
            engine.write([Review(q.context_id, q.product_id, q.context) for q in found.values()])


def _peer(options: argparse.Namespace, folder: Path) -> TransformersExtractiveReader:
    save_transformers(load_recipe(RECIPE), options.run, folder)
    peer = TransformersExtractiveReader(model=str(folder), top_k=3, no_answer=False)
    peer.warm_up()
    return peer


def _book() -> Callable[[int], None]:
    """BERT-base of random weights: its time does not depend on them."""
    model = BertForQuestionAnswering(BertConfig()).eval()

    def run(windows: int) -> None:
        ids = torch.randint(1000, 20000, (windows, 384))
        with torch.inference_mode():
            model(input_ids=ids, attention_mask=torch.ones_like(ids))

    return run


@dataclass
class _Times:
    """Seconds and scores of every question, warm."""

    ours: list[float] = field(default_factory=list)
    peers: list[float] = field(default_factory=list)
    books: list[float] = field(default_factory=list)
    our_f1: list[float] = field(default_factory=list)
    peer_f1: list[float] = field(default_factory=list)


def _measure(
    answerer: Answerer,
    peer: TransformersExtractiveReader,
    questions: list[ReadingQuestion],
    options: argparse.Namespace,
) -> dict[str, Any]:
    book, times = _book(), _Times()
    for question in questions[:WARM_UP]:
        _one(answerer, peer, question, _Times())
    for number, question in enumerate(questions[WARM_UP:]):
        windows = _one(answerer, peer, question, times)
        if number % 10 == 0:
            times.books.append(_timed(partial(book, windows))[0])
        sys.stderr.write(f"\r{number + 1}/{len(questions) - WARM_UP} questions")
    sys.stderr.write("\n")
    return _report(times, options)


def _one(
    answerer: Answerer, peer: TransformersExtractiveReader, question: ReadingQuestion, times: _Times
) -> int:
    """Ask both; returns how many passages were read."""
    golds = [span.text for span in question.gold("any")]
    seconds, result = _timed(
        partial(
            answerer.ask,
            question.question,
            product_id=question.product_id,
            passages=PASSAGES,
            threshold=0.0,
        )
    )
    documents = [Document(content=hit.passage.text) for hit in result.passages]
    peer_seconds, found = _timed(partial(peer.run, query=question.question, documents=documents))
    times.ours.append(seconds)
    times.peers.append(peer_seconds)
    times.our_f1.append(f1(result.answers[0].text if result.answers else "", golds))
    times.peer_f1.append(f1((found["answers"][0].data or "") if found["answers"] else "", golds))
    return len(documents)


def _report(times: _Times, options: argparse.Namespace) -> dict[str, Any]:
    ours = statistics.median(times.ours)
    return {
        "cpu": model_name(),
        "instructions": instructions(),
        "threads": options.threads,
        "questions": len(times.ours),
        "passages": PASSAGES,
        "milliseconds": {
            "reviewqa ask": _spread(times.ours),
            "transformers-haystack read": _spread(times.peers),
            "bert-base-torch-384 read": _spread(times.books),
        },
        "ratio_to_transformers_haystack": _ratio(times.peers, times.ours),
        "ratio_to_bert_base_torch_384": round(statistics.median(times.books) / ours, 1),
        "f1_of_top_answer_over_the_product": {
            "reviewqa": round(100 * statistics.mean(times.our_f1), 1),
            "transformers-haystack": round(100 * statistics.mean(times.peer_f1), 1),
        },
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _spread(seconds: list[float]) -> dict[str, float]:
    low, middle, high = (1000 * value for value in statistics.quantiles(seconds, n=4))
    return {"median": round(middle, 1), "quarter": round(low, 1), "three_quarters": round(high, 1)}


def _ratio(theirs: list[float], ours: list[float]) -> dict[str, float]:
    each = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    low, middle, high = statistics.quantiles(each, n=4)
    return {
        "of_medians": round(statistics.median(theirs) / statistics.median(ours), 2),
        "median_per_question": round(middle, 2),
        "quarter": round(low, 2),
        "three_quarters": round(high, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
