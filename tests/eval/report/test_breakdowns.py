"""Groups of questions and percentiles, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eval.report.breakdowns import (
    BREAKDOWNS,
    broken_down,
    grouped,
    length_class,
    subjectivity,
)
from eval.report.curves import at_coverage, thinned
from eval.report.failures import main_column
from eval.report.numbers import digits, percentiles, printed, shown
from eval.report.runs import Run
from eval.results import Result
from eval.statistics.question_types import question_type


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is it?", "What"),
        ("what's in it?", "What"),
        ("  “How” loud?", "How"),
        ("IS IT", "Is"),
        ("Does", "Does"),
        ("do I need it", "Do"),
        ("Was it new", "Was"),
        ("where", "Where"),
        ("Why not?", "Why"),
        ("Whatever", "other"),
        ("Can it", "other"),
        ("¿42?", "other"),
        ("", "other"),
    ],
)
def test_a_question_is_of_the_type_of_its_first_word(question: str, kind: str) -> None:
    assert question_type(question) == kind


@pytest.mark.parametrize(
    ("words", "name"),
    [(0, "under 50"), (49, "under 50"), (50, "50–99"), (100, "100–199"), (399, "200–399"),
     (400, "400 and more"), (9999, "400 and more")],
)  # fmt: skip
def test_lengths_are_classed_by_words(words: int, name: str) -> None:
    assert length_class("so " * words) == name


def test_subjectivity_is_what_annotators_said() -> None:
    said = [subjectivity(value) for value in ("True", "FALSE ", "", "0.4")]
    assert said == ["subjective", "objective", None, None]


def test_scores_by_question_type(reader: Result, run_of: Callable[[Result], Run]) -> None:
    run = run_of(reader)
    column = main_column(run)
    assert column is not None
    types, subjective, _, lengths = BREAKDOWNS
    assert grouped(run, types) == {"What": ["q1", "q4"], "How": ["q2"], "Is": ["q3"]}
    found = broken_down(run, types, column)
    assert {name: (f.value, f.count) for name, f in found.items()} == {
        "What": (75.0, 2), "How": (0.0, 1), "Is": (0.0, 1),
    }  # fmt: skip
    assert found["What"].interval == (50.0, 100.0)
    assert broken_down(run, subjective, column) == {}
    assert list(broken_down(run, lengths, column)) == ["under 50"]


def test_percentiles_between_order_statistics_are_interpolated() -> None:
    # 1 … 101: the p-th percentile stands at index p exactly.
    assert percentiles(list(range(101, 0, -1))) == [51.0, 91.0, 96.0, 100.0]
    # Of 10 and 20 the 90th is nine tenths of the way.
    assert percentiles([20.0, 10.0]) == pytest.approx([15.0, 19.0, 19.5, 19.9])
    assert percentiles([7.0]) == [7.0] * 4
    with pytest.raises(ValueError, match="no values"):
        percentiles([])


def test_numbers_have_the_digits_of_their_metric() -> None:
    assert [digits(name) for name in ("f1", "em@3", "best_em", "mrr", "recall@10", "new")] == [
        1, 1, 1, 3, 3, 3,
    ]  # fmt: skip
    assert [printed(-0.04, 1), printed(1234.5, 0), printed(-2.0, 1)] == ["0.0", "1,234", "-2.0"]
    assert [shown("ndcg@10"), shown("f1"), shown("own")] == ["nDCG@10", "F1", "own"]


def test_thinning_keeps_both_ends() -> None:
    points = [(float(n), float(n)) for n in range(1001)]
    kept = thinned(points, 100)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert len(kept) <= 102
    assert thinned([], 5) == []


def test_the_risk_at_a_coverage_is_of_the_first_point_that_reaches_it() -> None:
    points = [(0.25, 0.0), (0.5, 0.5), (1.0, 0.25)]
    assert [at_coverage(points, x) for x in (0.1, 0.5, 0.6, 1.0)] == [0.0, 0.5, 0.25, 0.25]
    assert at_coverage([(0.5, 0.0)], 0.9) is None
