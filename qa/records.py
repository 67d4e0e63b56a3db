"""What an answer is made of."""

from __future__ import annotations

from dataclasses import dataclass

from indexing.records import Passage, Review
from indexing.splitter import Span, sentence_at


@dataclass(frozen=True, slots=True)
class Support:
    """One span of one review: ``review.text[start:end] == text``.

    ``confidence`` is the calibrated probability that the span answers the question.
    """

    review: Review
    passage_id: str
    start: int
    end: int
    text: str
    confidence: float

    @property
    def sentence(self) -> Span:
        """Where the sentence around it, or run of sentences, stands in ``review.text``.

        Found when asked for: of all the spans that are marked, few are shown.
        """
        return sentence_at(self.review.text, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and every review that gives it, the surest first; never without support."""

    text: str
    confidence: float
    support: tuple[Support, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one way of searching put a passage: its rank from 1, and its score there."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a passage came from and why; None for ways that did not find it or were not taken.

    ``terms`` are the words that BM25 searched for and found. ``dense`` is the inner product of the
    vectors, ``fused`` the joint score, ``evidence`` the log odds of the reader's best span,
    ``cross_encoder`` the score of such a model.
    """

    bm25: Place | None = None
    terms: tuple[str, ...] = ()
    dense: Place | None = None
    fused: Place | None = None
    evidence: Place | None = None
    cross_encoder: Place | None = None


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that the reader read; scores order passages and are no probabilities."""

    passage: Passage
    score: float
    origin: Origin


@dataclass(frozen=True, slots=True)
class AskResult:
    """The whole reply to one question.

    ``answers`` are those above the threshold, best first; empty means that no review read
    answers the question. ``below_threshold`` are the best of the others, for a caller who wants
    to look anyway. ``corrections`` maps words of the question that no review has to those that
    BM25 searched for instead, in lower case. ``no_answer_probability`` is that none of the
    passages read answers it.
    ``milliseconds`` maps stage (``retrieve``, perhaps ``rank``, ``read``, ``total``) to wall time.
    """

    question: str
    corrections: dict[str, str]
    product_id: str | None
    answers: tuple[Answer, ...]
    below_threshold: tuple[Answer, ...]
    no_answer_probability: float
    threshold: float
    passages: tuple[FoundPassage, ...]
    reviews_read: int
    milliseconds: dict[str, float]
    model_fingerprint: str
    store_fingerprint: str

    @property
    def answered(self) -> bool:
        """Whether any answer passed the threshold."""
        return bool(self.answers)
