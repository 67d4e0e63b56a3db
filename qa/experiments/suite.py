"""Runs experiments: every system of every run on every data set, one result each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eval.results import Published, Result
from indexing.sample import questions_path, reviews_path
from qa.experiments.config import (
    Dataset,
    Experiment,
    ExperimentError,
    PipelineRun,
    ReaderRun,
    RetrieverRun,
    Run,
    System,
)
from qa.experiments.evaluate import Job, evaluate_pipeline, evaluate_reader, evaluate_retriever
from qa.experiments.pipeline_run import PipelineSettings
from qa.experiments.sources import SAMPLE
from qa.progress import Progress


@dataclass(frozen=True, slots=True)
class Step:
    """One system on one data set, yet to be measured."""

    title: str
    folds: int
    run: Callable[[Progress], Result]


def steps(experiment: Experiment, data: Path, out: Path | None = None) -> list[Step]:
    """What there is to measure, in the order of the file; nothing is loaded before it runs.

    Args:
        data: the folder of the public data sets.
        out: where results go instead of the experiment's own place; what was finished there with
            the same code, data and settings is not run again.

    Raises:
        ExperimentError: two of them would write to one place, or no system is there.
    """
    found = []
    taken: set[Path | None] = {None}
    for run in experiment.runs:
        for dataset in run.datasets:
            for system in run.systems:
                if system.missing:
                    continue
                job = _job(run, dataset, system, data, out or experiment.out)
                _take(taken, job.folder(run.kind, system.name, dataset.protocol or ""))
                title = f"{job.label or system.name} on {job.name}"
                found.append(Step(title, run.folds, partial(_measure, run, dataset, system, job)))
    if not found:
        raise ExperimentError("; ".join(["no system to measure", *left_out(experiment)]))
    return found


def left_out(experiment: Experiment) -> list[str]:
    """A line for each system whose folder is not there, saying how to make it."""
    lines = [system.missing for run in experiment.runs for system in run.systems]
    return [line for line in dict.fromkeys(lines) if line]


def run_experiment(
    experiment: Experiment,
    data: Path,
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Result]:
    """Every step's result; what :func:`left_out` names has none.

    Raises:
        EvalError: a data set; QAError: a system; IndexingError: a store.
    """
    return [step.run(progress) for step in steps(experiment, data, out)]


def _take(taken: set[Path | None], folder: Path | None) -> None:
    if folder is not None and folder in taken:
        raise ExperimentError(
            f"two runs would write to {folder}: give one of their systems another label"
        )
    taken.add(folder)


def _job(run: Run, dataset: Dataset, system: System, data: Path, out: Path | None) -> Job:
    sample = dataset.name == SAMPLE
    return Job(
        dataset=str(questions_path()) if sample else dataset.name,
        split=dataset.split,
        root=data,
        out=out,
        corpus=reviews_path() if sample else dataset.corpus,
        limit=run.limit,
        merge=dataset.merge,
        folds=run.folds,
        title=SAMPLE if sample else "",
        label=system.label,
        metrics=tuple(run.metrics),
        published=tuple(Published(**value.model_dump()) for value in run.published),
    )


def _measure(run: Run, dataset: Dataset, system: System, job: Job, progress: Progress) -> Result:
    match run:
        case RetrieverRun():
            return evaluate_retriever(
                job, system.name, protocol=dataset.protocol, depth=run.depth, progress=progress
            )
        case ReaderRun():
            return evaluate_reader(
                job, system.name, tune=run.tune, threads=run.threads, progress=progress
            )
        case PipelineRun():
            settings = PipelineSettings(system.name, run.model, run.passages, run.threads)
            return evaluate_pipeline(job, settings, protocol=dataset.protocol, progress=progress)
