"""Evaluations: run a system on a data set and score it, in one call each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from eval.datasets.registry import load_reading
from eval.datasets.retrieval import load_pipeline_set, load_retrieval
from eval.evaluator import reading_result, retrieval_result
from eval.folds import cross_tuned, group_folds, groups_of
from eval.formats.manifest import Manifest
from eval.formats.results import write_result
from eval.metrics.no_answer import smoothed_threshold
from eval.reading import judge
from eval.records import MergeRule, ReadingQuestion
from eval.results import Result, figures
from qa.experiments.pipeline_run import PipelineSettings, run_pipeline
from qa.experiments.reader_run import Predicted, Progress, run_reader
from qa.experiments.retrieving import DEPTH, run_retriever
from qa.reader.reader import Reader

RESULT = "result.json"
SHIPPED = "shipped"
"""The reader that comes with the package."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to measure on.

    Attributes:
        dataset: a name of :func:`eval.datasets.retrieval.load_retrieval`, or a path.
        split: which of its splits.
        root: the folder of the public data sets.
        out: results go to ``out/<kind>/<dataset and split>/<system>``; nowhere if None.
        corpus: more texts to search, see :func:`eval.datasets.retrieval.load_retrieval`.
        limit: only so many questions, the first ones.
        merge: which annotators' spans are gold.
        folds: cross-tune the threshold over so many folds, grouped by product; 0: do not.
        title: how results call the data set; its name if empty.
    """

    dataset: str
    split: str
    root: Path
    out: Path | None = None
    corpus: Path | None = None
    limit: int | None = None
    merge: MergeRule = "any"
    folds: int = 0
    title: str = ""

    @property
    def name(self) -> str:
        """How results call the data set."""
        return self.title or self.dataset

    def folder(self, kind: str, system: str, *more: str) -> Path | None:
        """Where a system's files go."""
        if self.out is None:
            return None
        parts = [_slug(Path(self.name).stem if "/" in self.name else self.name), self.split, *more]
        return self.out / kind / "-".join(parts) / _slug(system)


def _quiet(done: int, total: int) -> None:
    pass


def evaluate_retriever(
    job: Job,
    system: str,
    *,
    protocol: str | None = None,
    metrics: Sequence[str] = (),
    depth: int = DEPTH,
    progress: Progress = _quiet,
) -> Result:
    """Run and score a retriever by its name.

    Raises:
        EvalError: the data set; PipelineError: the system.
    """
    data = load_retrieval(job.dataset, job.split, job.root, protocol, job.corpus)
    data = replace(data, dataset=job.name, queries=data.queries[: job.limit])
    data = replace(data, qrels={query.id: data.qrels[query.id] for query in data.queries})
    out = job.folder("retriever", system, data.protocol)
    made = run_retriever(data, system, out=out, depth=depth, progress=progress)
    result = retrieval_result(
        data,
        made.run,
        _header(made.manifest),
        metrics=metrics,
        depth=depth,
        milliseconds=made.milliseconds,
    )
    return _kept(result, out)


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
        system: ``shipped`` or a reader folder.
        tune: the split that the second threshold is chosen on; the reader's own if None.

    Raises:
        EvalError: the data set; ModelError: the reader.
    """
    reader = Reader.load(None if system == SHIPPED else Path(system), threads=threads)
    questions = load_reading(job.dataset, job.split, job.root)[: job.limit]
    out = job.folder("reader", system)
    read = partial(run_reader, reader=reader, system=system, dataset=job.name, progress=progress)
    made = read(questions, split=job.split, out=out)
    tuned = made.threshold
    if tune is not None:
        others = load_reading(job.dataset, tune, job.root)
        dev = read(others, split=tune)
        judged = judge(others, dev.predictions, "f1", job.merge)
        tuned = smoothed_threshold(list(judged.values()))
    header = {**_header(made.manifest), "tuned_on": tune or "the model's own threshold"}
    result = reading_result(questions, made.predictions, header, merge=job.merge, tuned=tuned)
    return _kept(_folded(result, questions, made, job), out)


def evaluate_pipeline(
    job: Job, settings: PipelineSettings | None = None, *, progress: Progress = _quiet
) -> Result:
    """Ask the whole system every distinct question and score its best answer.

    Raises:
        EvalError: the data set; PipelineError, ModelError: the system.
    """
    settings = settings or PipelineSettings()
    questions, texts, by_product = load_pipeline_set(job.dataset, job.split, job.root, job.corpus)
    questions = questions[: job.limit]
    out = job.folder("pipeline", settings.pipeline)
    made = run_pipeline(
        questions,
        texts,
        settings,
        dataset=job.name,
        split=job.split,
        by_product=by_product,
        out=out,
        progress=progress,
    )
    result = reading_result(
        questions,
        made.predictions,
        {**_header(made.manifest), **asdict(settings), "texts": len(texts)},
        kind="pipeline",
        merge=job.merge,
        threshold=made.threshold,
        milliseconds=made.milliseconds,
        texts=texts,
    )
    return _kept(_folded(result, questions, made, job), out)


def _folded(
    result: Result, questions: Sequence[ReadingQuestion], made: Predicted, job: Job
) -> Result:
    """With the figures at cross-tuned thresholds, where folds are asked for."""
    if not job.folds:
        return result
    folds = group_folds(groups_of(result), job.folds)
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


def _kept(result: Result, out: Path | None) -> Result:
    if out is not None:
        write_result(out / RESULT, result)
    return result


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "_"
