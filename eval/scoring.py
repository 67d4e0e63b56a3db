"""Scoring files: an old run or old predictions, without the system that made them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.datasets.registry import load_reading
from eval.errors import MalformedData
from eval.evaluator import reading_result
from eval.formats.predictions import read_predictions
from eval.formats.trec import read_qrels, read_run
from eval.metrics.ranking import STANDARD, ranking
from eval.records import MergeRule
from eval.results import Asked, Result, figures
from eval.retrieval import retrieval_columns, without_results


def score_run_file(path: Path, qrels: Path, metrics: Sequence[str] = (), level: int = 1) -> Result:
    """Score a TREC run; every judged query counts, also one that the run lacks.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: a broken line, or a query of the run that is not judged.
        UnknownMetric: no such metric.
    """
    judged, run = read_qrels(qrels), read_run(path)
    for unknown in sorted(run.keys() - judged.keys()):
        raise MalformedData(f"{path}: query {unknown!r} is not judged in {qrels}")
    columns = retrieval_columns(judged, run, metrics or STANDARD, level=level)
    asked = {
        query: Asked(
            query,
            ranked=tuple(ranking(run.get(query, {}))[:20]),
            relevant=tuple(n for n, v in documents.items() if v >= level),
        )
        for query, documents in judged.items()
    }
    header = {
        "system": path.stem,
        "dataset": qrels.name,
        "protocol": "judged",
        "questions": len(judged),
        "without_results": len(without_results(judged, run)),
    }
    return Result("retriever", header, tuple(columns), tuple(figures(columns)), asked=asked)


def score_predictions_file(
    path: Path,
    gold: str,
    split: str,
    root: Path,
    no_answer: Path | None = None,
    *,
    threshold: float = 0.0,
    merge: MergeRule = "any",
    metrics: Sequence[str] = (),
) -> Result:
    """Score predictions of SQuAD's form or ours.

    Args:
        gold: a SQuAD file or the name of a data set under ``root``.
        no_answer: log odds or probability of no answer by question id.
        metrics: of :data:`eval.written.FURTHER`, besides those that are always measured.

    Raises:
        DatasetNotFound: no such file or data set.
        MalformedData: a broken file, a question without a prediction or the other way round.
    """
    questions, predictions = load_reading(gold, split, root), read_predictions(path, no_answer)
    asked = {question.id for question in questions}
    for missing in sorted(asked - predictions.keys()):
        raise MalformedData(f"{path}: no prediction for question {missing!r} of {gold}")
    for unknown in sorted(predictions.keys() - asked):
        raise MalformedData(f"{path}: prediction for question {unknown!r}, which {gold} lacks")
    if not questions:
        raise MalformedData(f"{gold}: no questions in it")
    header = {"system": path.stem, "dataset": gold, "split": split, "protocol": "given context"}
    return reading_result(
        questions, predictions, header, merge=merge, threshold=threshold, metrics=metrics
    )
