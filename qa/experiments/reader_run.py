"""Reader experiments: predictions for questions whose contexts are given, as files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.formats.manifest import Manifest, digest, write_manifest
from eval.formats.predictions import (
    prediction_from,
    read_predictions,
    write_json,
    write_predictions,
)
from eval.reading import Prediction
from eval.records import ReadingQuestion
from qa.experiments import manifest as about
from qa.experiments.journal import Journal
from qa.experiments.manifest import finished
from qa.experiments.readers import MeasuredReader
from qa.experiments.reading import NO_TEXT
from qa.progress import Progress
from qa.reader.spans import ScoredSpan

PREDICTIONS, MANIFEST, TIMINGS = "predictions.json", "manifest.json", "timings.json"
JOURNAL = "predictions.journal.jsonl"
N_BEST = 5
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions by question id.

    ``threshold`` is the system's own least score of an answer, 0 where it has none.
    """

    predictions: dict[str, Prediction]
    manifest: Manifest
    threshold: float
    milliseconds: dict[str, list[float]]


def run_reader(
    questions: Sequence[ReadingQuestion],
    reader: MeasuredReader,
    *,
    system: str,
    dataset: str,
    split: str,
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Predicted:
    """Read every question's own context.

    Args:
        system: how files and tables call the reader.
        out: where predictions and manifest go; an interrupted run there goes on.
    """
    made = Manifest(
        "reader",
        system,
        dataset,
        split,
        "given context",
        digest(questions),
        about.commit(),
        {"n_best": N_BEST},
        {"model": reader.fingerprint},
        about.versions(),
    )
    own = reader.threshold or 0.0
    if out is not None and finished(out / MANIFEST, made):
        return Predicted(read_predictions(out / PREDICTIONS), made, own, {})
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(TemporaryDirectory(prefix="reviewqa-")))
        journal = stack.enter_context(Journal(folder / JOURNAL, made.identity))
        left = [q for q in questions if q.id not in journal.entries]
        for begin in range(0, len(left), _CHUNK):
            for entry in _read(reader, left[begin : begin + _CHUNK]):
                journal.add(entry)
            progress(len(journal.entries), len(questions))
        predictions = predictions_of(journal, [q.id for q in questions])
    result = Predicted(predictions, made, own, {})
    if out is not None:
        write_predicted(out, result)
    return result


def predictions_of(journal: Journal, ids: Sequence[str]) -> dict[str, Prediction]:
    """The journal's predictions in the order of ``ids``."""
    return {name: prediction_from(name, journal.entries[name]) for name in ids}


def write_predicted(out: Path, result: Predicted) -> None:
    """Write predictions, timings and manifest; the journal is done with."""
    write_predictions(out / PREDICTIONS, result.predictions)
    write_json(out / TIMINGS, result.milliseconds)
    write_manifest(out / MANIFEST, result.manifest)
    (out / JOURNAL).unlink(missing_ok=True)


def entry_of(name: str, prediction: Prediction, **more: Any) -> dict[str, Any]:
    """A prediction as a journal's entry, of the types that JSON gives back."""
    lists = {"others": list(prediction.others), "read": list(prediction.read)}
    return {"id": name, **asdict(prediction), **lists, **more}


def _read(reader: MeasuredReader, part: Sequence[ReadingQuestion]) -> list[dict[str, Any]]:
    found = reader.spans([q.question for q in part], [q.context for q in part], N_BEST)
    return [
        entry_of(question.id, _prediction(reader, question, spans))
        for question, spans in zip(part, found, strict=True)
    ]


def _prediction(
    reader: MeasuredReader, question: ReadingQuestion, spans: Sequence[ScoredSpan]
) -> Prediction:
    if not spans:
        return Prediction("", NO_TEXT, 0.0)
    texts = [question.context[span.start : span.end] for span in spans]
    sure = reader.confidence(spans[0])
    best = spans[0]
    return Prediction(texts[0], best.score, sure, tuple(texts[1:]), question.context_id, best.start)
