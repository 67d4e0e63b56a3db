"""Asking, end to end, against the peer a user would pick: same passages, same weights, one run.

The peer is Haystack's ``TransformersExtractiveReader`` in PyTorch, as it comes, with the reader's
int8 weights made float; the book's reader is BERT-base in PyTorch, padded to 384. Each system
answers all questions before the other does, round by round, as a service would: one question each
in turn, either would find the other's weights where its own were in the processor's caches. Needs
the extras ``train`` and ``bench``::

    python -m qa.experiments.bench_ask --data DATA --store DIR
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
from qa.reader.package import SHIPPED, load_manifest
from qa.training.card import keep_speed
from qa.training.hub_format import save_transformers

DOMAINS = ("subjqa:electronics", "subjqa:grocery")
PASSAGES = 10
BOOK_QUESTIONS = 20
"""Of the questions, as many are timed on the book's reader, which takes seconds for each."""


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
    if options.keep:
        keep_speed(Path(options.model or SHIPPED), result["figures"])
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time asking against transformers-haystack.")
    parser.add_argument("--data", type=Path, required=True, help="root of the public data sets")
    parser.add_argument("--store", required=True, help="a store to make or use")
    parser.add_argument("--model", help="reader folder; the shipped one if absent")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="write the ratios into the card")
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
    reader = Path(options.model or SHIPPED)
    save_transformers(load_manifest(reader).recipe["backbone"], str(reader), folder)
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


def _measure(
    answerer: Answerer,
    peer: TransformersExtractiveReader,
    questions: list[ReadingQuestion],
    options: argparse.Namespace,
) -> dict[str, Any]:
    ask = [partial(_ask, answerer, question) for question in questions]
    found = [work() for work in ask]
    contexts = [[hit.passage.text for hit in result.passages] for result in found]
    read = [
        partial(peer.run, query=question.question, documents=[Document(content=t) for t in texts])
        for question, texts in zip(questions, contexts, strict=True)
    ]
    few = range(0, len(contexts), max(1, len(contexts) // BOOK_QUESTIONS))
    run = _book()
    book = [partial(run, len(contexts[number])) for number in few]
    ours, peers = _rounds([ask, read], options.rounds)
    (books,) = _rounds([book], 1)
    golds = [[span.text for span in question.gold("any")] for question in questions]
    our_text = [result.answers[0].text if result.answers else "" for result in found]
    peer_text = [_first(work()) for work in read]
    result = {
        "cpu": model_name(),
        "instructions": instructions(),
        "threads": options.threads,
        "questions": len(questions),
        "rounds": options.rounds,
        "passages": PASSAGES,
        "milliseconds": {
            "reviewqa ask": _spread(ours),
            "transformers-haystack read": _spread(peers),
            "bert-base-torch-384 read": _spread(books),
        },
        "ratio_to_transformers_haystack": _ratio(peers, ours),
        "ratio_to_bert_base_torch_384": _ratio(books, [ours[number] for number in few]),
        "f1_of_top_answer_over_the_product": {
            "reviewqa": _mean_f1(our_text, golds),
            "transformers-haystack": _mean_f1(peer_text, golds),
        },
    }
    return result | {"figures": _figures(result)}


def _figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The ratios as a manifest keeps figures."""
    protocol = (
        f"{result['questions']} questions of {PASSAGES} passages, {result['threads']} threads, "
        f"medians of {result['rounds']} rounds"
    )
    return [
        {
            "dataset": " and ".join(DOMAINS),
            "split": "test",
            "protocol": protocol,
            "metric": "throughput_ratio",
            "value": result[name]["of_medians"],
            "interval": [result[name]["quarter"], result[name]["three_quarters"]],
            "milliseconds": result["milliseconds"]["reviewqa ask"]["median"],
            "cpu": f"{result['cpu']} ({', '.join(result['instructions'])})",
            "system": "reviewqa ask, reader int8",
            "baseline": baseline,
            "command": "python -m qa.experiments.bench_ask --data DATA --store DIR --keep",
        }
        for name, baseline in (
            ("ratio_to_transformers_haystack", "transformers-haystack"),
            ("ratio_to_bert_base_torch_384", "bert-base-torch-384"),
        )
    ]


def _ask(answerer: Answerer, question: ReadingQuestion) -> Any:
    return answerer.ask(
        question.question, product_id=question.product_id, passages=PASSAGES, threshold=0.0
    )


def _first(found: dict[str, Any]) -> str:
    return (found["answers"][0].data or "") if found["answers"] else ""


def _mean_f1(texts: Sequence[str], golds: Sequence[Sequence[str]]) -> float:
    pairs = zip(texts, golds, strict=True)
    return round(100 * statistics.mean(f1(text, gold) for text, gold in pairs), 1)


def _rounds(systems: Sequence[Sequence[Callable[[], Any]]], rounds: int) -> list[list[float]]:
    """By system, each work's median seconds over the rounds; the first round is not counted."""
    times: list[list[list[float]]] = [[[] for _ in works] for works in systems]
    for number in range(rounds + 1):
        for works, taken in zip(systems, times, strict=True):
            for work, seconds in zip(works, taken, strict=True):
                if number == 0:
                    work()
                else:
                    seconds.append(_timed(work))
        sys.stderr.write(f"\rround {number} of {rounds}")
    sys.stderr.write("\n")
    return [[statistics.median(seconds) for seconds in taken] for taken in times]


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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
