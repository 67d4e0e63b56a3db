"""Annotators against each other: by hand, and the published figures of SubjQA."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from eval.annotators import leave_one_out
from eval.datasets.files import find, open_text
from eval.datasets.registry import load_reading
from eval.records import Annotation, ReadingQuestion, Span
from eval.results import figures

PUBLISHED = {
    "electronics": (41.1, 46.1, 27.8, 46.5),
    "grocery": (42.3, 48.4, 20.7, 41.6),
    "books": (47.7, 50.9, 20.2, 42.4),
    "movies": (50.9, 53.3, 23.9, 39.4),
}


def question(name: str, *texts: str) -> ReadingQuestion:
    marked: tuple[Annotation, ...] = tuple((Span(0, len(t), t),) if t else () for t in texts)
    return ReadingQuestion(name, "?", "irrelevant", marked)


def values(questions: list[ReadingQuestion]) -> dict[str, float]:
    return {f"{f.protocol}: {f.metric}": f.value for f in figures(leave_one_out(questions))}


def test_by_hand() -> None:
    found = values([question("a", "red cat", "cat", ""), question("b", "", ""), question("c", "x")])
    # a: against the others 0 and 2/3, 0 and 2/3, 0 and 0; b: 1, 1; c has one annotator
    assert found["annotators: em"] == pytest.approx(100 * 2 / 5)
    assert found["annotators: f1"] == pytest.approx(100 * (2 / 3 + 2 / 3 + 0 + 2) / 5)
    assert found["annotators: agreement"] == pytest.approx(100 * 4 / 5)
    assert found["annotators (both marked): f1"] == pytest.approx(100 * 2 / 3)
    assert leave_one_out([question("c", "x")]) == []


def as_written(path: Path) -> list[ReadingQuestion]:
    """Every annotator's own wording of the answer, which is what the published figures compare."""
    rows: dict[str, list[str]] = {}
    with open_text(find(path)) as stream:
        for row in csv.DictReader(stream):
            text = row["human_ans_spans"]
            rows.setdefault(row["q_review_id"], []).append("" if text == "ANSWERNOTFOUND" else text)
    return [question(name, *texts) for name, texts in rows.items()]


@pytest.mark.data
@pytest.mark.parametrize("domain", PUBLISHED)
def test_published_figures(data_root: Path, domain: str) -> None:
    names = [f"{p}: {m}" for p in ("annotators", "annotators (both marked)") for m in ("em", "f1")]
    found = values(as_written(data_root / "subjqa" / domain / "test.csv"))
    for name, published in zip(names, PUBLISHED[domain], strict=True):
        assert found[name] == pytest.approx(published, abs=0.051), name
    assert 58 < found["annotators: agreement"] < 66
    # By offsets into the review instead of re-tokenised copies little changes.
    ours = values(load_reading(f"subjqa:{domain}", "test", data_root))
    for name, published in zip(names[:2], PUBLISHED[domain][:2], strict=True):
        assert ours[name] == pytest.approx(published, abs=0.7), name
