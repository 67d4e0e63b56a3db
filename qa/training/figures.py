"""Measuring a packaged reader on the sets its card names; every figure as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.confidence import is_right
from eval.datasets.evidence import EVIDENCE
from eval.datasets.registry import load_reading
from eval.errors import DatasetNotFound
from eval.metrics.calibration import expected_calibration_error
from eval.reading import Figure, Prediction, score_reading
from eval.records import ReadingQuestion
from qa.experiments.reading import predict
from qa.reader.reader import Reader
from qa.reader.session import SpanModel
from qa.reader.windows import Windower


@dataclass(frozen=True, slots=True)
class Measured:
    """A set of the card: named parts of data sets, scored as one."""

    name: str
    split: str
    parts: tuple[tuple[str, str], ...]

    def questions(self, root: Path) -> list[ReadingQuestion]:
        """The questions of all parts; raises :class:`DatasetNotFound`."""
        return [q for name, split in self.parts for q in load_reading(name, split, root)]


def _one(name: str, split: str) -> Measured:
    return Measured(name, split, ((name, split),))


CARD_SETS = (
    _one("subjqa:electronics", "test"),
    _one("subjqa:grocery", "test"),
    _one("subjqa:books", "test"),
    _one("subjqa:movies", "test"),
    _one("subjqa:tripadvisor", "dev"),
    _one("subjqa:restaurants", "dev"),
    _one("squadshifts:amazon", "test"),
    Measured("reviewrc", "dev", (("reviewrc:laptop", "dev"), ("reviewrc:restaurant", "dev"))),
    Measured("rcrc", "dev", (("rcrc:laptop", "dev"), ("rcrc:restaurant", "dev"))),
    _one("shoppers:reviews", "dev"),
)


Sets = list[tuple[Measured, list[ReadingQuestion]]]


def card_sets(
    root: Path,
    held_out: Mapping[str, list[ReadingQuestion]],
    report: Callable[[str], None] = lambda _: None,
) -> Sets:
    """The sets of the card that ``root`` holds; if it holds none, what a recipe has held out.

    Args:
        held_out: by name, a recipe's selection sets; of evidence no spans are known.
        report: told what is left out.
    """
    found: Sets = []
    lines = []
    for measured in CARD_SETS:
        try:
            found.append((measured, measured.questions(root)))
        except DatasetNotFound as error:
            lines.append(f"{measured.name}: left out, {error}")
    for line in (
        lines if found else [f"{root} holds no set of the card: measuring what is held out"]
    ):
        report(line)
    return found or [
        (Measured(name, "held out", ()), questions)
        for name, questions in held_out.items()
        if name not in EVIDENCE and questions
    ]


def measure(
    reader: Reader,
    model: SpanModel,
    windower: Windower,
    sets: Sets,
    system: str,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """Figures of a reader on sets.

    Args:
        model: what reads, the reader's own or its float original.
        system: how the figures call it.
        report: told what is read now.
    """
    for measured, questions in sets:
        report(f"{measured.name} {measured.split}: {len(questions)} questions")
        predictions = predict(model, windower, questions, rules=reader.manifest.rules)
        yield from _figures(reader, measured, questions, predictions, system)


def _figures(
    reader: Reader,
    measured: Measured,
    questions: list[ReadingQuestion],
    predictions: dict[str, Prediction],
    system: str,
) -> Iterator[dict[str, Any]]:
    tuned = reader.manifest.calibration.span.score_at(reader.manifest.passage_threshold)
    for name, threshold in (("0", 0.0), ("tuned", tuned)):
        for figure in score_reading(questions, predictions, threshold=threshold):
            if name == "tuned" and figure.protocol == "book":
                continue
            yield _entry(measured, figure, system, name)
    probabilities = [reader.manifest.calibration.span(predictions[q.id].score) for q in questions]
    right = [is_right(predictions[q.id], q) for q in questions]
    error = expected_calibration_error(probabilities, right)
    yield {
        "dataset": measured.name,
        "split": measured.split,
        "protocol": "best span, right at token F1 >= 0.5",
        "merge": "any",
        "metric": "ece",
        "value": round(error, 4),
        "questions": len(questions),
        "system": system,
    }


def _entry(measured: Measured, figure: Figure, system: str, threshold: str) -> dict[str, Any]:
    entry = {
        "dataset": measured.name,
        "split": measured.split,
        "protocol": figure.protocol,
        "merge": "any",
        "metric": figure.metric,
        "value": round(figure.value, 2),
        "interval": [round(bound, 2) for bound in figure.interval],
        "questions": figure.count,
        "system": system,
    }
    return entry if figure.protocol == "book" else entry | {"threshold": threshold}
