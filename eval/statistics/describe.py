"""Statistics of data sets by name or path, and of what their parts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.beir import is_beir
from eval.datasets.evidence import JUDGED, SPLITS, load_judged
from eval.datasets.registry import load_reading, names
from eval.errors import DatasetNotFound, MalformedData
from eval.records import ReadingQuestion
from eval.statistics.reading import ReadingStatistics, reading_statistics
from eval.statistics.repeats import Leak, leaks
from eval.statistics.retrieval import (
    JudgedTexts,
    RetrievalStatistics,
    beir_texts,
    evidence_texts,
    retrieval_statistics,
)
from eval.statistics.windows import TokenCounter, WindowShape

Statistics = ReadingStatistics | RetrievalStatistics
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What two parts, named ``data set split``, have in common."""

    first: str
    second: str
    leaks: tuple[Leak, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """The parts, what any two of them share, and how many pairs share nothing."""

    parts: tuple[Statistics, ...]
    shared: tuple[Shared, ...]
    clean_pairs: int


@dataclass(frozen=True, slots=True)
class Part:
    """One split of one data set, loaded."""

    dataset: str
    split: str
    questions: list[ReadingQuestion] | JudgedTexts

    @property
    def name(self) -> str:
        """``data set split``; a file has no split."""
        return f"{self.dataset} {self.split}".strip()


def describe(
    datasets: Sequence[tuple[str, str]],
    splits: Sequence[str],
    root: Path,
    count: TokenCounter,
    shape: WindowShape,
    progress: Progress = lambda name: None,
) -> Description:
    """Load and measure every part.

    Args:
        datasets: (title, place): how to call it, and its name or path.
        splits: which ones; all that are at hand if empty.

    Raises:
        DatasetNotFound: no such set, or no split of it at hand.
        MalformedData: a file breaks its format, or a part holds no question.
    """
    parts = []
    for title, place in datasets:
        progress(f"reading {title}")
        parts += _parts(title, place, splits, root)
    measured = []
    for part in parts:
        progress(f"measuring {part.name}")
        measured.append(_measured(part, count, shape))
    readings = {p.name: p.questions for p in parts if isinstance(p.questions, list)}
    progress("looking for what parts share")
    found = leaks(readings)
    shared = tuple(Shared(a, b, tuple(kinds)) for (a, b), kinds in found.items())
    pairs = len(readings) * (len(readings) - 1) // 2
    return Description(tuple(measured), shared, pairs - len(shared))


def expanded(name: str) -> list[str]:
    """``name``, or every part of the family that it names (``subjqa``)."""
    family = [one for one in names() if one.startswith(f"{name}:")]
    return family if family and not Path(name).exists() else [name]


def _measured(part: Part, count: TokenCounter, shape: WindowShape) -> Statistics:
    if isinstance(part.questions, list):
        return reading_statistics(part.dataset, part.split, part.questions, count, shape)
    return retrieval_statistics(part.dataset, part.split, part.questions, count)


def _parts(title: str, place: str, splits: Sequence[str], root: Path) -> list[Part]:
    path = Path(place)
    if path.is_file():
        return [_nonempty(Part(title, "", load_reading(place, "", root)))]
    load, known = _loader(place, root)
    wanted, found, first = list(splits) or known, [], None
    for split in wanted:
        try:
            found.append(_nonempty(Part(title, split, load(split))))
        except DatasetNotFound as error:
            if splits:
                raise
            first = first or error
    if not found:
        raise first or DatasetNotFound(f"{place}: no judgments in it (qrels/*.tsv)")
    return found


def _loader(
    place: str, root: Path
) -> tuple[Callable[[str], list[ReadingQuestion] | JudgedTexts], list[str]]:
    path = Path(place)
    if path.is_dir() and is_beir(path):
        listed = sorted(file.stem for file in path.glob("qrels/*.tsv"))
        return lambda split: beir_texts(path, split), listed or ["qrels"]
    if path.is_dir():
        raise DatasetNotFound(f"{place}: a folder without corpus.jsonl is no BEIR folder")
    if place in JUDGED:
        return lambda split: evidence_texts(load_judged(place, split, root)), list(SPLITS)
    if place not in names():
        load_reading(place, "", root)  # which says what there is
    return lambda split: load_reading(place, split, root), list(SPLITS)


def _nonempty(part: Part) -> Part:
    empty = not (part.questions if isinstance(part.questions, list) else part.questions.queries)
    if empty:
        raise MalformedData(f"{part.name}: no questions in it")
    return part
