"""The results a report is about: read, named apart, and grouped by what they were measured on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.errors import DatasetNotFound
from eval.formats.results import read_result
from eval.results import Column, Figure, Result

RESULT = "result.json"
PUBLISHED = "†"
"""Marks what others reported."""

READING = ("reader", "pipeline")


@dataclass(frozen=True, slots=True)
class Run:
    """A result with the name it has in the report and the number of its colour and marker."""

    name: str
    style: int
    result: Result

    @property
    def kind(self) -> str:
        """``retriever``, ``reader`` or ``pipeline``."""
        return self.result.kind

    @property
    def dataset(self) -> str:
        """Data set and split, such as ``subjqa:electronics test``."""
        header = self.result.header
        return " ".join(str(header[key]) for key in ("dataset", "split") if header.get(key))

    def figure(self, protocol: str, metric: str) -> Figure | None:
        """The figure of that name, if it was measured."""
        return _first(self.result.figures, protocol, metric)

    def baseline(self, protocol: str, metric: str) -> Figure | None:
        """The figure of random order or of annotators under that name."""
        return _first(self.result.baselines, protocol, metric)

    def column(self, protocol: str, metric: str) -> Column | None:
        """The scores per question of that name, if there are any."""
        for column in self.result.columns:
            if (column.protocol, column.metric) == (protocol, metric):
                return column
        return None

    def protocols(self) -> list[str]:
        """The protocols of its scores, in order."""
        return list(dict.fromkeys(column.protocol for column in self.result.columns))


def find_results(paths: Iterable[Path]) -> list[Path]:
    """Result files: each path itself, or those in or under a folder, each once.

    Raises:
        DatasetNotFound: a path that does not exist, or a folder without a result.
    """
    found: dict[Path, None] = {}
    for path in paths:
        files = sorted(path.rglob(RESULT)) if path.is_dir() else [path]
        if not files:
            raise DatasetNotFound(
                f"no {RESULT} in {path} or under it: name a result file, or a folder that "
                "'reviewqa eval … --out' has filled"
            )
        found.update(dict.fromkeys(file.resolve() for file in files))
    return list(found)


def read_runs(paths: Iterable[Path]) -> list[Run]:
    """The runs of result files and folders; raises as :func:`find_results` and ``read_result``."""
    return name_runs([read_result(path) for path in find_results(paths)])


def name_runs(results: Sequence[Result]) -> list[Run]:
    """Name every result by kind and system; those of equal name also by model or number."""
    order = ("retriever", *READING)
    ranked = sorted(results, key=lambda one: order.index(one.kind) if one.kind in order else 9)
    names = [f"{one.kind} {one.header.get('system') or '(unnamed)'}" for one in ranked]
    places = [(name, str(_place(one))) for name, one in zip(names, ranked, strict=True)]
    counts, seen = Counter(places), Counter[tuple[str, str]]()
    runs = []
    for (name, place), one in zip(places, ranked, strict=True):
        seen[name, place] += 1
        number = f" ({seen[name, place]})" if counts[name, place] > 1 else ""
        runs.append((name + number, one))
    styles = {name: number for number, name in enumerate(dict.fromkeys(n for n, _ in runs))}
    return [Run(name, styles[name], one) for name, one in runs]


def by_dataset(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Runs by data set and split, in order."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.dataset, []).append(run)
    return groups


def published(runs: Iterable[Run], protocol: str) -> dict[str, dict[str, float]]:
    """What others reported under a protocol: value by metric by marked label, each once."""
    found: dict[str, dict[str, float]] = {}
    for one in (one for run in runs for one in run.result.published if one.protocol == protocol):
        found.setdefault(f"{one.label} {PUBLISHED}", {})[one.metric] = one.value
    return found


def sources(runs: Iterable[Run]) -> list[str]:
    """The publications of those values, each once."""
    return list(dict.fromkeys(one.source for run in runs for one in run.result.published))


def reading(runs: Iterable[Run]) -> list[Run]:
    """Those runs that answer: readers and pipelines."""
    return [run for run in runs if run.kind in READING]


def _first(figures: Sequence[Figure], protocol: str, metric: str) -> Figure | None:
    for figure in figures:
        if (figure.protocol, figure.metric) == (protocol, metric):
            return figure
    return None


def _place(result: Result) -> tuple[object, ...]:
    """What two runs of one system may differ in and still go by one name."""
    header: Mapping[str, object] = result.header
    return header.get("dataset"), header.get("split"), _protocol(result)


def _protocol(result: Result) -> object:
    return result.header.get("protocol") if result.kind == "retriever" else ""
