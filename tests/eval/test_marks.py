"""Marks point at the very words, also where a text says them twice or ids collide."""

from __future__ import annotations

from eval.evaluator import reading_result
from eval.marks import Marker
from eval.reading import Prediction
from eval.records import ReadingQuestion, Span, Text
from eval.results import Mark

LOUD = "Not loud 😀. Very loud at night."


def question(name: str, context: str, *spans: Span, context_id: str = "r1") -> ReadingQuestion:
    return ReadingQuestion(name, "Is it loud?", context, (spans,), context_id, "p")


def test_an_offset_is_believed_where_the_words_stand_there() -> None:
    marker = Marker((), "any")
    asked = question("q", LOUD)
    assert marker.answer(asked, Prediction("loud", 1.0, start=4)) == Mark("r1", 4, 8)
    assert marker.answer(asked, Prediction("loud", 1.0, start=17)) == Mark("r1", 17, 21)
    assert marker.answer(asked, Prediction("loud", 1.0, start=5)) is None
    assert marker.texts == {"r1": LOUD}


def test_without_an_offset_the_occurrence_nearest_to_a_gold_is_marked() -> None:
    asked = question("q", LOUD, Span(12, 31, "Very loud at night."))
    assert Marker((), "any").answer(asked, Prediction("loud", 1.0)) == Mark("r1", 17, 21)
    assert Marker((), "any").answer(asked, Prediction("silent", 1.0)) is None
    assert Marker((), "any").answer(asked, Prediction("", -1.0)) is None


def test_two_texts_with_one_id_are_both_kept() -> None:
    marker = Marker((), "any")
    (first,) = marker.gold(question("q1", "red.", Span(0, 3, "red")))
    (second,) = marker.gold(question("q2", "blue.", Span(0, 4, "blue")))
    assert [marker.texts[mark.text_id] for mark in (first, second)] == ["red.", "blue."]


def test_the_whole_system_is_shown_the_reviews_that_hold_its_gold() -> None:
    texts = [
        Text("a", "p", "It is loud."),
        Text("b", "p", "so loud"),
        Text("c", "x", "It is loud."),
    ]
    asked = [question("q", "", Span(6, 10, "loud"), context_id="")]
    said = {"q": Prediction("loud", 1.0, 0.9, (), "b", 3, ("b", "a"))}
    result = reading_result(asked, said, {}, kind="pipeline", texts=texts)
    assert result.asked["q"].gold_at == (Mark("a", 6, 10),)
    assert result.asked["q"].answer_at == Mark("b", 3, 7)
    assert result.asked["q"].relevant == ("a",)
    assert result.asked["q"].ranked == ("b", "a")
    assert result.texts == {"a": "It is loud.", "b": "so loud"}
