"""Windows: every piece of a context is read, and offsets lead back to its characters."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from qa.model_folder import TOKENIZER
from qa.reader.package import SHIPPED
from qa.reader.windows import Windower, WindowSettings

PROSE = st.lists(
    st.sampled_from(
        [
            "great",
            "strap,",
            "café",
            '12.5"',
            "<br",
            "/>",
            "😀",
            "isn't",
            "hold!!",
            "camera",
            "\u200b\x00",
            "über",
        ]
    ),
    max_size=80,
).map(" ".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(SHIPPED / TOKENIZER))


@given(context=st.one_of(PROSE, st.text(max_size=200)), length=st.integers(16, 60))
def test_windows_cover_the_context(tokenizer: Tokenizer, context: str, length: int) -> None:
    windower = Windower(tokenizer, WindowSettings(length, overlap=5, max_question=6))
    windows = windower.cut(["does it hold a camera?"], [[context]])
    whole = tokenizer.encode(context, add_special_tokens=False)
    covered = {tuple(pair) for window in windows for pair in window.offsets.tolist()}
    assert covered == set(whole.offsets)
    for window in windows:
        assert window.length <= length
        ids = window.input_ids[window.first : window.first + len(window.offsets)].tolist()
        for piece, (start, end) in zip(ids, window.offsets.tolist(), strict=True):
            at = whole.offsets.index((start, end))
            assert piece == whole.ids[at] or whole.offsets.count((start, end)) > 1


def test_neighbours_overlap_as_asked(tokenizer: Tokenizer) -> None:
    context = " ".join(f"w{i}" for i in range(300))
    windower = Windower(tokenizer, WindowSettings(64, overlap=16))
    windows = windower.cut(["ok?"], [[context]])
    assert len(windows) > 3
    for one, other in pairwise(windows):
        shared = [p for p in one.offsets.tolist() if p in other.offsets.tolist()]
        assert len(shared) == 16


def test_a_long_question_leaves_room_for_the_context(tokenizer: Tokenizer) -> None:
    windower = Windower(tokenizer, WindowSettings(64, overlap=8, max_question=20))
    (window,) = windower.cut(["very " * 500], [["short text"]])
    assert window.first == 22
    assert len(window.offsets) == 2


def test_windows_come_in_order_of_questions_and_contexts(tokenizer: Tokenizer) -> None:
    windower = Windower(tokenizer, WindowSettings())
    windows = windower.cut(["one?", "two?"], [["a", "", "b"], ["c"]])
    assert [(w.question, w.context) for w in windows] == [(0, 0), (0, 2), (1, 0)]
