"""Overlapping windows over a context, with character offsets into the original text.

A window is ``[CLS] question [SEP] part-of-context [SEP]`` with segment ids 0 and 1, as BERT
(Devlin et al., 2019) reads SQuAD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Lengths in word pieces. ``overlap`` pieces of context stand in two neighbouring windows."""

    max_length: int = 384
    overlap: int = 128
    max_question: int = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """Special pieces before the question, between it and the context, and after the context."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """One model input.

    ``input_ids``: (length,). ``first``: index of the first context piece. ``offsets``: (n, 2)
    character offsets of the n context pieces, which stand at ``first .. first + n - 1``.
    """

    question: int
    context: int
    input_ids: IntArray
    first: int
    offsets: IntArray

    @property
    def length(self) -> int:
        """Pieces in the window, special ones included."""
        return len(self.input_ids)


class Windower:
    """Cuts (question, context) pairs into windows with one tokenizer."""

    def __init__(
        self, tokenizer: Tokenizer, settings: WindowSettings, layout: Layout | None = None
    ) -> None:
        """
        Args:
            layout: BERT's if None; other models put other pieces around question and context.

        Raises:
            ValueError: BERT's layout, but the tokenizer lacks its pieces.
        """
        self.tokenizer = tokenizer
        self.settings = settings
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._layout = layout or self._bert()

    def _bert(self) -> Layout:
        separator = (self._special("[SEP]"),)
        return Layout((self._special("[CLS]"),), separator, separator)

    def _special(self, token: str) -> int:
        number = self.tokenizer.token_to_id(token)
        if number is None:
            raise ValueError(f"the tokenizer has no {token}: a BERT-like tokenizer is needed")
        return int(number)

    def cut(self, questions: Sequence[str], contexts: Sequence[Sequence[str]]) -> list[Window]:
        """Windows of every context of every question, in order; a context without a piece has none.

        ``contexts[i]`` are read for ``questions[i]``. Equal contexts are tokenised once.
        """
        distinct = dict.fromkeys(c for group in contexts for c in group)
        encoded = self._encode([*questions, *distinct])
        fronts = [self._front(encoded[question][0]) for question in questions]
        return [
            window
            for q, group in enumerate(contexts)
            for c, text in enumerate(group)
            for window in self._windows(q, c, fronts[q], *encoded[text])
        ]

    def _encode(self, texts: list[str]) -> dict[str, tuple[IntArray, IntArray]]:
        """Pieces and (n, 2) offsets by text."""
        encodings = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        return {
            text: (np.asarray(e.ids, np.int64), np.asarray(e.offsets, np.int64).reshape(-1, 2))
            for text, e in zip(texts, encodings, strict=True)
        }

    def _front(self, question: IntArray) -> IntArray:
        """What stands before the context of every window of a question."""
        cut = question[: self.settings.max_question]
        around = self._layout
        return np.concatenate((around.before, cut, around.between)).astype(np.int64)

    def _windows(
        self, q: int, c: int, front: IntArray, ids: IntArray, offsets: IntArray
    ) -> Iterator[Window]:
        after = self._layout.after
        room = self.settings.max_length - len(front) - len(after)
        step = max(1, room - self.settings.overlap)
        for begin in range(0, len(ids), step):
            end = min(begin + room, len(ids))
            body = np.concatenate((front, ids[begin:end], after))
            yield Window(q, c, body, len(front), offsets[begin:end])
            if end == len(ids):
                return
