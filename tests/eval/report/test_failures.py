"""What is shown of a failure: its kind, its order, and marks at the very words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from eval.evaluator import reading_result
from eval.reading import Prediction
from eval.records import ReadingQuestion, Span, Text
from eval.report.failures import AROUND, failures, segments, worst
from eval.report.runs import Run
from eval.results import Mark, Result


def test_kinds_losses_and_order(reader: Result, run_of: Callable[[Result], Run]) -> None:
    found = failures(run_of(reader))
    # Loss 1 for q2 and q3; q2's score is 2 away from the threshold, q3's 1.
    assert [(f.id, f.kind, f.loss) for f in found] == [
        ("q2", "abstained", 1.0), ("q3", "answered", 1.0), ("q1", "span", 0.5),
    ]  # fmt: skip
    assert (found[0].said, found[0].withheld) == ("", "loud")
    assert (found[1].said, found[1].gold) == ("word", ())


def test_a_retriever_misses_or_ranks_too_low(
    retriever: Result, run_of: Callable[[Result], Run]
) -> None:
    found = failures(run_of(retriever))
    assert [(f.id, f.kind, f.loss) for f in found] == [("q3", "missed", 1.0), ("q2", "low", 0.5)]
    assert [one.role for one in found[1].excerpts] == ["first", "relevant, at rank 2"]
    assert [one.role for one in found[0].excerpts] == ["first", "relevant, not among 1"]


def test_what_a_pipeline_did_not_read_is_missed_by_its_retriever(
    run_of: Callable[[Result], Run],
) -> None:
    texts = [Text("a", "p", "It is loud."), Text("b", "p", "so quiet")]
    asked = [
        ReadingQuestion(name, "Is it loud?", "", ((Span(6, 10, "loud"),),), product_id="p")
        for name in ("missed", "read")
    ]
    wrong = Prediction("quiet", 2.0, 0.9, (), "b", 3, ("b",))
    said = {"missed": wrong, "read": replace(wrong, read=("b", "a"))}
    result = reading_result(asked, said, {}, kind="pipeline", texts=texts)
    found = {failure.id: failure for failure in failures(run_of(result))}
    assert {name: one.kind for name, one in found.items()} == {"missed": "missed", "read": "span"}
    assert [one.text_id for one in found["missed"].excerpts] == ["b", "a"]


def test_the_worst_of_every_kind_are_kept(reader: Result, run_of: Callable[[Result], Run]) -> None:
    found = failures(run_of(reader)) * 2
    assert [f.id for f in worst(found, 1)] == ["q2", "q3", "q1"]
    assert worst(found, 0) == []


def test_marks_that_overlap_are_cut_apart() -> None:
    gold, said = [Mark("r", 3, 7)], Mark("r", 5, 9)
    parts = [(s.text, s.gold, s.said) for s in segments("0123456789", gold, said)]
    assert parts == [
        ("012", False, False), ("34", True, False), ("56", True, True), ("78", False, True),
        ("9", False, False),
    ]  # fmt: skip


MARKS = st.builds(lambda a, b: Mark("r", min(a, b), max(a, b)), *[st.integers(0, 5000)] * 2)


@given(st.text(max_size=60), st.integers(1, 90), st.lists(MARKS, max_size=4), st.none() | MARKS)
def test_segments_are_the_text(piece: str, times: int, gold: list[Mark], said: Mark | None) -> None:
    text = piece * times
    made = segments(text, gold, said)
    shown = "".join(one.text for one in made)
    if len(text) <= 3 * AROUND:
        assert shown == text
    else:
        assert shown.removeprefix("… ").removesuffix(" …") in text
    covered = sum(len(one.text) for one in made if one.said)
    expected = 0 if said is None else max(0, min(said.end, len(text)) - min(said.start, len(text)))
    assert covered == expected
