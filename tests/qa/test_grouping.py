"""The same answer is said once; a different one never disappears into it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexing.records import Review
from qa.grouping import answer_key, group_answers
from qa.records import Support


def support(text: str, review: str, confidence: float) -> Support:
    source = Review(id=review, product_id="p", text=text)
    return Support(source, f"{review}#0", 0, len(text), text, confidence)


def test_wording_does_not_separate_answers() -> None:
    answers = group_answers(
        [support("The sound is great", "r1", 0.5), support("great sound!", "r2", 0.9)]
    )
    assert [a.text for a in answers] == ["great sound!"]
    assert [s.review.id for s in answers[0].support] == ["r2", "r1"]
    assert answers[0].confidence == 0.9


def test_negation_and_numbers_separate_answers() -> None:
    texts = ["loud", "not loud", "4 hours", "9 hours", "never slips", "slips"]
    answers = group_answers([support(t, f"r{i}", 0.5) for i, t in enumerate(texts)])
    assert sorted(a.text for a in answers) == sorted(texts)


def test_one_review_supports_an_answer_once() -> None:
    (answer,) = group_answers([support("loud", "r1", 0.2), support("Loud.", "r1", 0.7)])
    assert [s.confidence for s in answer.support] == [0.7]


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=12), st.sampled_from("abc"), st.floats(0, 1)),
        max_size=12,
    )
)
def test_nothing_is_lost_but_repeats_and_order_does_not_matter(items: list[tuple]) -> None:
    given_support = [support(*item) for item in items]
    answers = group_answers(given_support)
    assert answers == group_answers(given_support[::-1]) or len(set(items)) < len(items)
    wanted = {(answer_key(s.text), s.review.id) for s in given_support}
    found = [(answer_key(a.text), s.review.id) for a in answers for s in a.support]
    assert set(found) == wanted
    assert len(found) == len(wanted)
    confidences = [answer.confidence for answer in answers]
    assert confidences == sorted(confidences, reverse=True)
