"""Pipeline experiments: the whole system asked every question, over the set's own store."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.formats.manifest import Manifest, digest
from eval.formats.predictions import read_predictions
from eval.reading import Prediction
from eval.records import ReadingQuestion, RetrievalSet, Text
from indexing.engines.base import Engine
from qa.errors import InvalidQuestion
from qa.experiments import manifest as about
from qa.experiments.journal import Journal
from qa.experiments.manifest import finished, read_timings
from qa.experiments.reader_run import (
    JOURNAL,
    MANIFEST,
    PREDICTIONS,
    TIMINGS,
    Predicted,
    entry_of,
    predictions_of,
    write_predicted,
)
from qa.experiments.reading import NO_TEXT
from qa.experiments.retrievers import embed_for, searchable
from qa.pipelines.answer import Answerer
from qa.progress import Progress
from qa.records import AskResult

TOP = 5
STAGES = ("retrieve", "read", "total")
_NEARLY = 1e-12


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """The pipeline (a shipped name or a YAML file), its reader's folder, passages to read."""

    pipeline: str = "bm25"
    model: str | None = None
    passages: int = 10
    threads: int | None = None


def run_pipeline(
    questions: Sequence[ReadingQuestion],
    texts: Sequence[Text],
    settings: PipelineSettings,
    *,
    dataset: str,
    split: str,
    label: str = "",
    engine: Engine | None = None,
    by_product: bool = True,
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Predicted:
    """The best answer of every question; its score is the log odds of its confidence.

    Args:
        texts: what the store holds.
        label: how the run calls the pipeline; its name if empty.
        engine: the store to ask; a temporary one with the texts if None.
        by_product: ask about the question's product; otherwise of all texts.
        out: where predictions, timings and manifest go; an interrupted run there goes on.

    Raises:
        PipelineError, ModelError: the pipeline or its reader cannot be loaded.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reviewqa-"))
        store, twins = stack.enter_context(searchable(engine, texts))
        if engine is None:
            embed_for(store, settings.pipeline)
        answerer = stack.enter_context(
            Answerer(
                store,
                pipeline=settings.pipeline,
                model=settings.model,
                threads=settings.threads,
            )
        )
        fingerprints = {"model": answerer.model_fingerprint, "store": store.fingerprint()}
        made = _manifest(questions, texts, settings, by_product, dataset, split, fingerprints)
        made = replace(made, system=label or settings.pipeline)
        own = _log_odds(answerer.threshold)
        if out is not None and finished(out / MANIFEST, made):
            return Predicted(
                read_predictions(out / PREDICTIONS), made, own, read_timings(out / TIMINGS)
            )
        journal = stack.enter_context(Journal((out or Path(folder)) / JOURNAL, made.identity))
        for number, question in enumerate(questions, 1):
            if question.id not in journal.entries:
                journal.add(_ask(answerer, question, settings, by_product, twins))
            progress(number, len(questions))
        entries = [journal.entries[q.id] for q in questions]
        result = Predicted(
            predictions_of(journal, [q.id for q in questions]),
            made,
            own,
            {s: [e["milliseconds"][s] for e in entries if e["milliseconds"]] for s in STAGES},
        )
    if out is not None:
        write_predicted(out, result)
    return result


def _ask(
    answerer: Answerer,
    question: ReadingQuestion,
    settings: PipelineSettings,
    by_product: bool,
    twins: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    try:
        result = answerer.ask(
            question.question,
            product_id=question.product_id if by_product else None,
            top_k=TOP,
            passages=settings.passages,
        )
    except InvalidQuestion:
        # Refused questions are questions without an answer; the system would not answer them.
        nothing = Prediction("", NO_TEXT, 0.0)
        return entry_of(question.id, nothing, milliseconds={})
    times = {stage: result.milliseconds[stage] for stage in STAGES}
    return entry_of(question.id, _best(result, twins), milliseconds=times)


def _best(result: AskResult, twins: Mapping[str, tuple[str, ...]]) -> Prediction:
    answers = [*result.answers, *result.below_threshold]
    reviews = dict.fromkeys(hit.passage.review_id for hit in result.passages)
    read = tuple(twin for name in reviews for twin in twins.get(name, (name,)))
    if not answers:
        return Prediction("", NO_TEXT, 0.0, read=read)
    first = answers[0]
    return Prediction(
        first.text,
        _log_odds(first.confidence),
        first.confidence,
        tuple(answer.text for answer in answers[1:]),
        first.support[0].review.id,
        first.support[0].start,
        read,
    )


def _log_odds(probability: float) -> float:
    kept = min(max(probability, _NEARLY), 1 - _NEARLY)
    return math.log(kept / (1 - kept))


def _manifest(
    questions: Sequence[ReadingQuestion],
    texts: Sequence[Text],
    settings: PipelineSettings,
    by_product: bool,
    dataset: str,
    split: str,
    fingerprints: dict[str, str],
) -> Manifest:
    corpus = digest(RetrievalSet(dataset, split, "", tuple(texts), (), {}))
    return Manifest(
        "pipeline",
        settings.pipeline,
        dataset,
        split,
        "product" if by_product else "open",
        digest(questions),
        about.commit(),
        {"passages": settings.passages, "texts_sha256": corpus},
        fingerprints,
        about.versions(),
    )
