"""Evaluations: run a system on a data set and score it, in one call each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from eval.errors import DatasetNotFound
from eval.evaluator import reading_result, retrieval_result
from eval.folds import cross_tuned, group_folds, groups_of
from eval.formats.manifest import Manifest
from eval.formats.results import write_result
from eval.metrics.no_answer import smoothed_threshold
from eval.reading import judge
from eval.records import Query, ReadingQuestion
from eval.results import Result, figures
from qa.experiments.job import Job
from qa.experiments.pipeline_run import PipelineSettings, run_pipeline
from qa.experiments.reader_run import Predicted, run_reader
from qa.experiments.readers import SHIPPED, make_reader
from qa.experiments.retrieving import DEPTH, run_retriever
from qa.experiments.sources import opened
from qa.progress import Progress

__all__ = ["Job", "evaluate_pipeline", "evaluate_reader", "evaluate_retriever"]

RESULT = "result.json"


def _quiet(done: int, total: int) -> None:
    pass


def evaluate_retriever(
    job: Job,
    system: str,
    *,
    protocol: str | None = None,
    depth: int = DEPTH,
    progress: Progress = _quiet,
) -> Result:
    """Run and score a retriever by its name.

    Raises:
        EvalError: the data set, or fewer products than folds; PipelineError: the system;
            IndexingError: the store.
    """
    with opened(job) as source:
        data = source.retrieval(protocol)
        data = replace(data, dataset=job.name, queries=data.queries[: job.limit])
        data = replace(data, qrels={query.id: data.qrels[query.id] for query in data.queries})
        _check_folds(data.queries, job)
        out = job.folder("retriever", system, data.protocol)
        made = run_retriever(
            data,
            system,
            label=job.label,
            engine=source.engine,
            out=out,
            depth=depth,
            progress=progress,
        )
        header = {**_header(made.manifest), **source.about}
    result = retrieval_result(
        data,
        made.run,
        header,
        metrics=job.metrics,
        depth=depth,
        milliseconds=made.milliseconds,
    )
    return _kept(result, job, out)


def evaluate_reader(
    job: Job,
    system: str = SHIPPED,
    *,
    tune: str | None = None,
    threads: int = 0,
    progress: Progress = _quiet,
) -> Result:
    """Read every question's own context and score it.

    Args:
        system: ``shipped``, a reader folder, or ``hub:`` and a name or folder.
        tune: the split that the second threshold is chosen on; the reader's own if None.

    Raises:
        EvalError: the data set, or fewer products than folds; ModelError: the reader;
            IndexingError: the store.
    """
    reader = make_reader(system, threads=threads)
    with opened(job) as source:
        questions = source.reading(job.split)[: job.limit]
        _check_folds(questions, job)
        others = source.reading(tune) if tune is not None else []
        about = source.about
    out = job.folder("reader", system)
    read = partial(
        run_reader, reader=reader, system=job.label or system, dataset=job.name, progress=progress
    )
    made = read(questions, split=job.split, out=out)
    tuned = reader.threshold
    if tune is not None:
        _refuse_shared(questions, others, tune)
        judged = judge(others, read(others, split=tune).predictions, "f1", job.merge)
        tuned = smoothed_threshold(list(judged.values()))
    own = "the model's own threshold" if tuned is not None else ""
    header = {**_header(made.manifest), **about, "tuned_on": tune or own}
    result = reading_result(
        questions, made.predictions, header, merge=job.merge, tuned=tuned, metrics=job.metrics
    )
    return _kept(_folded(result, questions, made, job), job, out)


def evaluate_pipeline(
    job: Job,
    settings: PipelineSettings | None = None,
    *,
    protocol: str | None = None,
    progress: Progress = _quiet,
) -> Result:
    """Ask the whole system every distinct question and score its best answer.

    Args:
        protocol: ``book`` to search, and to take as gold, what is in the split itself only.

    Raises:
        EvalError: the data set, or fewer products than folds; PipelineError, ModelError: the
            system; IndexingError: the store.
    """
    settings = settings or PipelineSettings()
    with opened(job) as source:
        questions, texts, by_product = source.pipeline(protocol)
        questions = questions[: job.limit]
        _check_folds(questions, job)
        out = job.folder("pipeline", settings.pipeline, *([protocol] if protocol else ()))
        made = run_pipeline(
            questions,
            texts,
            settings,
            label=job.label,
            engine=source.engine,
            dataset=job.name,
            split=job.split,
            by_product=by_product,
            out=out,
            progress=progress,
        )
        about = source.about
    result = reading_result(
        questions,
        made.predictions,
        {**_header(made.manifest), **about, **asdict(settings), "texts": len(texts)},
        kind="pipeline",
        merge=job.merge,
        threshold=made.threshold,
        metrics=job.metrics,
        milliseconds=made.milliseconds,
        texts=texts,
    )
    return _kept(_folded(result, questions, made, job), job, out)


def _check_folds(questions: Sequence[Query] | Sequence[ReadingQuestion], job: Job) -> None:
    """Refuse more folds than there are products before anything is measured."""
    if job.folds:
        group_folds(groups_of({question.id: question for question in questions}), job.folds)


def _refuse_shared(
    questions: Sequence[ReadingQuestion], others: Sequence[ReadingQuestion], tune: str
) -> None:
    """A threshold chosen on the questions that it is measured on measures nothing."""
    shared = {q.id for q in questions} & {q.id for q in others}
    if shared:
        raise DatasetNotFound(
            f"cannot tune on {tune!r}: {len(shared)} of the measured questions are in it, too "
            f"(such as {min(shared)!r}); files and stores have no splits: use --folds"
        )


def _folded(
    result: Result, questions: Sequence[ReadingQuestion], made: Predicted, job: Job
) -> Result:
    """With the figures at cross-tuned thresholds, where folds are asked for."""
    if not job.folds:
        return result
    folds = group_folds(groups_of(result.asked), job.folds)
    columns = cross_tuned(questions, made.predictions, folds, job.merge)
    return replace(
        result,
        columns=(*result.columns, *columns),
        figures=(*result.figures, *figures(columns)),
        header={**result.header, "folds": job.folds},
    )


def _header(made: Manifest) -> Mapping[str, Any]:
    """What the figures of a run are qualified by."""
    return {
        "system": made.system,
        "dataset": made.dataset,
        "split": made.split,
        "protocol": made.protocol,
        "model_fingerprint": made.fingerprints.get("model", ""),
        "store_fingerprint": made.fingerprints.get("store", ""),
        "data_sha256": made.data_sha256,
        "commit": made.commit,
    }


def _kept(result: Result, job: Job, out: Path | None) -> Result:
    result = replace(result, published=job.published)
    if out is not None:
        write_result(out / RESULT, result)
    return result
