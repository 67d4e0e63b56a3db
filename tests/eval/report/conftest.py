"""Small results whose every number can be worked out by hand, with texts that attack the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from eval.evaluator import reading_result, retrieval_result
from eval.reading import Prediction
from eval.records import Query, ReadingQuestion, RetrievalSet, Span, Text
from eval.report.runs import Run, name_runs
from eval.results import Published, Result

HOSTILE = "loud</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
LINK = "[click](https://evil.example/a.png) ![x](https://evil.example/b.png) | a | `b` *c* <b>d</b>"


def gold(context: str, text: str) -> tuple[Span, ...]:
    start = context.index(text)
    return (Span(start, start + len(text), text),)


QUESTIONS = (
    ReadingQuestion("q1", "What is it?", "It is red.", (gold("It is red.", "red"),), "r1", "p"),
    ReadingQuestion("q2", "How loud is it?", HOSTILE, (gold(HOSTILE, "loud"),), "r2", "p"),
    ReadingQuestion("q3", "Is it new?", "No word.", ((),), "r3", "p"),
    ReadingQuestion(
        "q4", "what's in it?", "It has a lid.", (gold("It has a lid.", "a lid"),), "r4"
    ),
)
SAID = {
    "q1": Prediction("It is red", 3.0, 0.9, (), "r1", 0),
    "q2": Prediction("loud", -2.0, 0.2, (), "r2", 0),
    "q3": Prediction("word", 1.0, 0.6, (), "r3", 3),
    "q4": Prediction("a lid", 2.0, 0.8, (), "r4", 7),
}
"""F1 at threshold 0: q1 2·(1/3·1)/(4/3) = 0.5, q2 withheld 0, q3 unanswerable 0, q4 1."""


@pytest.fixture
def reader() -> Result:
    header = {"system": LINK, "dataset": "<i>set</i>", "split": "test"}
    made = reading_result(QUESTIONS, SAID, header, milliseconds={"read": [1.0, 2.0, 3.0, 4.0]})
    others = (Published("Somebody", "f1", "book", 43.1, "a paper"),)
    return replace(made, published=others)


@pytest.fixture
def retriever() -> Result:
    texts = tuple(Text(f"r{n}", "p", q.context) for n, q in enumerate(QUESTIONS, 1))
    queries = tuple(Query(q.id, q.question, "p") for q in QUESTIONS[:3])
    qrels = {"q1": {"r1": 1}, "q2": {"r2": 1}, "q3": {"r3": 1}}
    data = RetrievalSet("<i>set</i>", "test", "product", texts, queries, qrels)
    run = {"q1": {"r1": 2.0}, "q2": {"r1": 2.0, "r2": 1.0}, "q3": {"r1": 1.0}}
    return retrieval_result(data, run, {"system": "bm25"})


@pytest.fixture
def runs(reader: Result, retriever: Result) -> list[Run]:
    return name_runs([reader, retriever])


@pytest.fixture
def run_of() -> Callable[[Result], Run]:
    def make(result: Result) -> Run:
        (run,) = name_runs([result])
        return run

    return make
