"""Questions in groups: by their first word, by subjectivity, by the length of their review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eval.report.runs import Run
from eval.results import Asked, Column, Figure, figures
from eval.statistics.question_types import OTHER, TYPES, question_type

SUBJECTIVITY = ("subjective", "objective")
LENGTHS = (50, 100, 200, 400)
"""Numbers of words at which a longer class begins."""

LENGTH_NAMES = ("under 50", "50–99", "100–199", "200–399", "400 and more")

Grouping = Callable[[Asked, Mapping[str, str]], str | None]
"""From a question and the result's texts to its group; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A way to put questions in groups, which are shown in the order given."""

    title: str
    label: str
    groups: tuple[str, ...]
    of: Grouping
    note: str = ""


def length_class(text: str) -> str:
    """The class of a text's length in words, one of :data:`LENGTH_NAMES`."""
    words = len(text.split())
    return LENGTH_NAMES[sum(words >= bound for bound in LENGTHS)]


def subjectivity(value: str) -> str | None:
    """``subjective`` or ``objective`` from an annotation that says ``True`` or ``False``."""
    return {"true": SUBJECTIVITY[0], "false": SUBJECTIVITY[1]}.get(value.strip().lower())


def _length_of(asked: Asked, texts: Mapping[str, str]) -> str | None:
    text = next((texts[name] for name in asked.relevant if name in texts), None)
    return None if text is None else length_class(text)


BREAKDOWNS = (
    Breakdown(
        "By question type", "question", (*TYPES, OTHER), lambda a, _: question_type(a.question)
    ),
    Breakdown(
        "By subjectivity of the question",
        "question",
        SUBJECTIVITY,
        lambda a, _: subjectivity(a.meta.get("is_ques_subjective", "")),
    ),
    Breakdown(
        "By subjectivity of the answer",
        "answer",
        SUBJECTIVITY,
        lambda a, _: subjectivity(a.meta.get("is_ans_subjective", "")),
    ),
    Breakdown(
        "By review length",
        "words",
        LENGTH_NAMES,
        _length_of,
        "Words of the text a reader was given, or of the first that holds an answer; questions "
        "to a pipeline that no text answers are left out.",
    ),
)


def grouped(run: Run, breakdown: Breakdown) -> dict[str, list[str]]:
    """Question ids by group, in the breakdown's order, without empty groups."""
    found: dict[str, list[str]] = {name: [] for name in breakdown.groups}
    for name, asked in run.result.asked.items():
        group = breakdown.of(asked, run.result.texts)
        if group is not None:
            found[group].append(name)
    return {group: ids for group, ids in found.items() if ids}


def broken_down(run: Run, breakdown: Breakdown, column: Column) -> dict[str, Figure]:
    """The mean of a column in every group in which it scores a question, with its interval."""
    found = {}
    for group, ids in grouped(run, breakdown).items():
        scores = {name: column.scores[name] for name in ids if name in column.scores}
        part = Column(column.metric, column.protocol, scores, column.unit)
        for figure in figures([part]):
            found[group] = figure
    return found
