"""A reader's calibration fitted anew on one's own labelled questions; its weights stay."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.confidence import is_right
from eval.folds import group_folds, groups_of
from eval.metrics.calibration import brier_score, expected_calibration_error
from eval.metrics.no_answer import smoothed_threshold
from eval.reading import Prediction, judge
from eval.records import MergeRule, ReadingQuestion
from indexing.sample import questions_path
from qa.errors import QAError
from qa.experiments.job import Job
from qa.experiments.reader_run import run_reader
from qa.experiments.readers import PackagedReader
from qa.experiments.sources import SAMPLE, opened
from qa.model_folder import MODEL, TOKENIZER, save_manifest
from qa.progress import Progress
from qa.reader.calibration import Platt, fit_platt
from qa.reader.package import SHIPPED, ReaderCalibration, ReaderManifest
from qa.reader.reader import Reader

FOLDS = 5
TEST = "test"
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Error:
    """How far confidences are from outcomes: ``ece`` over 15 equal-mass bins, ``brier`` score."""

    ece: float
    brier: float


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A manifest with the new calibration, and what it gains.

    ``before`` and ``after``: of the same questions, ``after`` by curves that were fitted without
    the product that is asked about, in ``folds`` parts.
    """

    manifest: ReaderManifest
    before: Error
    after: Error
    questions: int
    right: int
    folds: int


@dataclass(frozen=True, slots=True)
class CalibrationJob:
    """``dataset`` as in :class:`qa.experiments.job.Job`; ``model``: a reader folder, or ours."""

    dataset: str
    split: str
    root: Path
    out: Path
    model: Path | None = None
    threads: int = 0


def recalibrated(
    job: CalibrationJob, progress: Progress = lambda done, total: None
) -> Recalibrated:
    """Read a data set, calibrate on it, and write the calibrated copy of the reader.

    Raises:
        QAError: the reader, what is at ``out``, or questions that do not calibrate.
        eval.errors.EvalError: the data set.
        IndexingError: the store.
    """
    refuse_taken(job.out)
    if job.split == TEST:
        raise QAError(
            "calibrating on a test split would make what is measured on it worthless: "
            "name another with --split"
        )
    folder = job.model or SHIPPED
    reader = Reader.load(folder, threads=job.threads)
    sample = job.dataset == SAMPLE
    path = str(questions_path()) if sample else job.dataset
    with opened(Job(path, job.split, job.root)) as source:
        questions = source.reading(job.split)
    read = run_reader(
        questions,
        PackagedReader(reader),
        system=str(folder),
        dataset=job.dataset,
        split=job.split,
        progress=progress,
    )
    name = job.dataset if sample or Path(job.dataset).exists() else f"{job.dataset} {job.split}"
    made = recalibrate(reader.manifest, questions, read.predictions, dataset=name)
    save_recalibrated(folder, made.manifest, job.out)
    return made


def recalibrate(
    manifest: ReaderManifest,
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    *,
    dataset: str,
    merge: MergeRule = "any",
) -> Recalibrated:
    """Fit the confidence of spans, and the threshold of a single context, by Platt scaling.

    What decides over a product's passages (``threshold``, the curve ``answerable``) needs every
    passage of a product judged. The log odds at which it decides stay; ``threshold``
    is a confidence, so its number follows the new curve.

    Args:
        predictions: the reader's best span of every question, whatever its score.
        dataset: how the manifest calls the questions.

    Raises:
        QAError: the questions cannot tell right spans from wrong ones.
        eval.errors.TooFewGroups: they are about fewer than two products.
    """
    groups = groups_of({q.id: q for q in questions})
    folds = group_folds(groups, min(FOLDS, max(2, len(set(groups.values())))))
    scores = np.array([predictions[q.id].score for q in questions])
    right = np.array([is_right(predictions[q.id], q, merge) for q in questions])
    curve = _curve(scores, right)
    old = manifest.calibration.span
    gate = old.score_at(manifest.threshold)
    passage = smoothed_threshold(list(judge(questions, predictions, "f1", merge).values()))
    return Recalibrated(
        replace(
            manifest,
            calibration=ReaderCalibration(curve, manifest.calibration.answerable),
            threshold=round(curve(gate), 3),
            passage_threshold=round(curve(passage), 3),
            training={**manifest.training, "calibrated_on": dataset},
            figures=[one for one in manifest.figures if not _depends(one)],
        ),
        _error([old(score) for score in scores], right),
        _error(_held_out(questions, scores, right, folds), right),
        len(questions),
        int(right.sum()),
        len(folds),
    )


def save_recalibrated(reader: Path, manifest: ReaderManifest, out: Path) -> None:
    """Write a copy of a reader folder with another manifest, whole or not at all.

    Raises:
        QAError: there is something at ``out`` already.
    """
    refuse_taken(out)
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in (MODEL, TOKENIZER):
        shutil.copyfile(reader / name, partial / name)
    save_manifest(partial, manifest)
    partial.rename(out)


def refuse_taken(out: Path) -> None:
    """Raise :class:`QAError` if there is something at ``out``."""
    if out.exists():
        raise QAError(f"{out} is there already: name a new folder with --out")


def _held_out(
    questions: Sequence[ReadingQuestion],
    scores: np.ndarray[Any, np.dtype[np.float64]],
    right: np.ndarray[Any, np.dtype[np.bool_]],
    folds: Sequence[frozenset[str]],
) -> list[float]:
    """The probability of every span by a curve that has not seen its product."""
    found = [0.0] * len(questions)
    for fold in folds:
        inside = np.array([q.id in fold for q in questions])
        curve = _curve(scores[~inside], right[~inside])
        for at in np.flatnonzero(inside):
            found[at] = curve(scores[at])
    return found


def _curve(
    scores: np.ndarray[Any, np.dtype[np.float64]], right: np.ndarray[Any, np.dtype[np.bool_]]
) -> Platt:
    try:
        curve = fit_platt(scores, right)
    except ValueError as error:
        raise QAError(
            f"the reader cannot be calibrated on {len(right)} questions, of which it has "
            f"{int(right.sum())} right: {error}; label more questions, of several products"
        ) from error
    if curve.slope <= 0:
        raise QAError(
            f"the reader cannot be calibrated on {len(right)} questions: its higher scores are "
            "right no more often than its lower ones; label more questions, or train it on them"
        )
    return Platt(round(curve.slope, _DIGITS), round(curve.intercept, _DIGITS))


def _error(sure: Sequence[float], right: np.ndarray[Any, np.dtype[np.bool_]]) -> Error:
    return Error(expected_calibration_error(sure, right), brier_score(sure, right))


def _depends(figure: Mapping[str, Any]) -> bool:
    """Whether a figure was measured with the calibration that is replaced."""
    return figure["metric"] == "ece" or figure.get("threshold") == "tuned"
