"""Reading whole contexts: which spans come out, whatever a model says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexing.splitter import sentences
from qa.model_folder import load_tokenizer
from qa.reader.package import SHIPPED
from qa.reader.reading import read
from qa.reader.session import Logits
from qa.reader.spans import ScoredSpan, SpanRules
from qa.reader.windows import Window, Windower, WindowSettings

QUESTION = "is it loud?"
WINDOWER = Windower(load_tokenizer(SHIPPED), WindowSettings(max_length=40, overlap=12))
words = st.sampled_from(
    [
        "It",
        "is",
        "loud",
        "Dr",
        "3.5",
        "e.g",
        ".",
        "!",
        '."',
        ")",
        "<br/>",
        "\n",
        "\U0001f60d",
        "bad.Good",
    ]
)
texts = st.lists(words, min_size=1, max_size=60).map(" ".join)


class Says:
    """A model whose logits are drawn from a seed, the same for the same window."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        return [self._drawn(window) for window in windows]

    def _drawn(self, window: Window) -> Logits:
        rng = np.random.default_rng([self._seed, *window.input_ids])
        start, end = 4 * rng.normal(size=(2, window.length)).astype(np.float32)
        return start, end


def found(seed: int, text: str, rules: SpanRules, count: int = 1) -> list[ScoredSpan]:
    ((spans,),) = read(Says(seed), WINDOWER, [QUESTION], [[text]], spans=count, rules=rules)
    return spans


def sentence_numbers(text: str, span: ScoredSpan) -> set[int]:
    """Of the sentences that its first and its last character stand in."""
    at = [n for n, (a, b) in enumerate(sentences(text)) for c in _ends(span) if a <= c < b]
    return set(at)


def _ends(span: ScoredSpan) -> tuple[int, int]:
    return span.start, span.end - 1


@given(texts, st.integers(0, 999), st.integers(1, 3))
def test_no_answer_runs_on_into_another_sentence(text: str, seed: int, count: int) -> None:
    spans = found(seed, text, SpanRules(30, within_sentence=True), count)
    assert all(len(sentence_numbers(text, span)) == 1 for span in spans)


@given(texts, st.integers(0, 999))
def test_the_first_of_several_is_the_only_one_of_one(text: str, seed: int) -> None:
    rules = SpanRules(30, within_sentence=True)
    assert found(seed, text, rules)[:1] == found(seed, text, rules, 3)[:1]


@given(texts, st.integers(0, 999))
def test_a_best_span_of_one_sentence_stays_the_best(text: str, seed: int) -> None:
    anywhere = found(seed, text, SpanRules(30))
    within = found(seed, text, SpanRules(30, within_sentence=True))
    assert all(a.score >= b.score for a, b in zip(anywhere, within, strict=True))
    if all(len(sentence_numbers(text, span)) == 1 for span in anywhere):
        assert within == anywhere
