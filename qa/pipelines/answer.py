"""Asking: a question in, answers with their evidence out."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from types import TracebackType
from typing import Any

from haystack.dataclasses import ExtractedAnswer

from indexing.engines.base import Engine
from indexing.records import Review
from qa.components.extractive_reader import ExtractiveReader
from qa.convert import found_passages
from qa.errors import InvalidQuestion, PipelineError, ProductNotFound
from qa.grouping import group_answers
from qa.pipelines.binding import Closeable, bind_engine
from qa.pipelines.default import default_pipeline
from qa.pipelines.finding import Finder
from qa.pipelines.loader import load_pipeline
from qa.records import Answer, AskResult, Support

MAX_QUESTION = 1000
"""Characters; longer ones are refused rather than cut."""


class Answerer:
    """Answers questions over one store with one pipeline; safe to use from several threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        pipeline: str | None = None,
        model: str | None = None,
        threads: int | None = None,
    ) -> None:
        """
        Args:
            engine: the store; stays the caller's to close.
            pipeline: a shipped pipeline's name or the path of a YAML file with components named
                ``reader`` and ``gate``, and others that find the reader's documents; what
                :func:`qa.pipelines.default.default_pipeline` says if absent.
            model: a reader folder instead of the pipeline's own.
            threads: CPU threads of the reader; 0 takes every core.

        Raises:
            PipelineError: the pipeline cannot be loaded or lacks one of these components.
        """
        self._engine = engine
        pipeline = pipeline or default_pipeline(engine)
        self._pipeline = load_pipeline(pipeline, model=model, threads=threads)
        bind_engine(self._pipeline, engine)
        self._finder = Finder(self._pipeline, pipeline)
        missing = {"reader", "gate"} - self._finder.components
        if missing:
            raise PipelineError(
                f"pipeline {pipeline}: no component named {', '.join(sorted(missing))}"
            )

    def __enter__(self) -> Answerer:
        self.warm_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def warm_up(self) -> None:
        """Load what the pipeline needs; raises :class:`qa.errors.ModelError`."""
        self._pipeline.warm_up()
        self._reader_component.reader.read(["Is it warm?"], [["It is."]])

    def close(self) -> None:
        """Let go of the models; the engine stays open."""
        for _, component in self._pipeline.walk():
            if isinstance(component, Closeable):
                component.close()

    @property
    def _reader_component(self) -> ExtractiveReader:
        component: ExtractiveReader = self._pipeline.get_component("reader")
        return component

    @property
    def model_fingerprint(self) -> str:
        """Identity of the reader's files."""
        return self._reader_component.reader.manifest.fingerprint

    @property
    def threshold(self) -> float:
        """The reader's own least confidence of an answer, in [0, 1]."""
        return self._reader_component.reader.manifest.threshold

    def ask(
        self,
        question: str,
        *,
        product_id: str | None = None,
        top_k: int = 3,
        passages: int | None = None,
        threshold: float | None = None,
    ) -> AskResult:
        """Answer a question from the reviews of one product, or of all.

        Args:
            top_k: how many answers to return at most (different ones; support comes with each).
            passages: how many passages to read; the pipeline's own number if absent.
            threshold: the least confidence of an answer, in [0, 1]; the model's own if absent.

        Raises:
            InvalidQuestion: the question is empty or too long.
            ProductNotFound: no review of that product.
            indexing.errors.IndexingError: the store cannot be searched.
        """
        question = _checked(question)
        started = perf_counter()
        if product_id is not None and self._engine.product(product_id) is None:
            raise ProductNotFound(
                f"no review of product {product_id!r} in {self._engine.info().location}"
            )
        least = self.threshold if threshold is None else threshold
        found = self._finder.run(
            {"query": question, "product_id": product_id, "threshold": least}, passages
        )
        reviews = self._reviews(found)
        answers = self._answers(found["gate"]["answers"], reviews)
        others = self._answers(found["gate"]["below_threshold"], reviews)
        documents = self._finder.documents(found)
        return AskResult(
            question=question,
            corrections=self._finder.corrections(found),
            product_id=product_id,
            answers=tuple(answers[:top_k]),
            below_threshold=tuple(others[:top_k]),
            no_answer_probability=found["reader"]["no_answer_probability"],
            threshold=least,
            passages=found_passages(question, documents),
            reviews_read=len({document.meta["review_id"] for document in documents}),
            milliseconds={
                **self._finder.milliseconds(found),
                "read": found["reader"]["milliseconds"],
                "total": 1000 * (perf_counter() - started),
            },
            model_fingerprint=self.model_fingerprint,
            store_fingerprint=self._engine.fingerprint(),
        )

    def _reviews(self, found: dict[str, Any]) -> dict[str, Review]:
        gate = found["gate"]
        cited = [*gate["answers"], *gate["below_threshold"]]
        return self._engine.reviews(list({a.document.meta["review_id"] for a in cited}))

    def _answers(
        self, extracted: Iterable[ExtractedAnswer], reviews: dict[str, Review]
    ) -> list[Answer]:
        support = (_support(answer, reviews) for answer in extracted)
        return group_answers(item for item in support if item is not None)


def _support(answer: ExtractedAnswer, reviews: dict[str, Review]) -> Support | None:
    """None for a review that was deleted or replaced since its passage was retrieved."""
    meta = answer.document.meta
    review = reviews.get(meta["review_id"])
    start = meta["start"] + answer.document_offset.start
    end = meta["start"] + answer.document_offset.end
    if review is None or review.text[start:end] != answer.data:
        return None
    return Support(
        review=review,
        passage_id=answer.document.id,
        start=start,
        end=end,
        text=answer.data,
        confidence=answer.score,
    )


def _checked(question: str) -> str:
    text = question.strip()
    if not text:
        raise InvalidQuestion("the question is empty: ask something, such as 'is it loud?'")
    if len(text) > MAX_QUESTION:
        raise InvalidQuestion(
            f"the question has {len(text)} characters, at most {MAX_QUESTION} are read"
        )
    return text
