"""The shapes of requests and responses; their descriptions are the API's reference.

Every offset counts Unicode code points of the review's text. (JavaScript's string indices
count UTF-16 units: cut with ``Array.from(text)``.)
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

Unit = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[int, Field(ge=0, description="Unicode code points into the review's text.")]

# Text with something to read in it: not only blanks, and no NUL.
Question = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]


def _whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is an integer there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_whole)]

QUESTION_EXAMPLE = "Does the strap hold a heavy camera?"
PRODUCT_EXAMPLE = "camera-strap"


class Body(BaseModel):
    """What a client sends: unknown fields and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class AskRequest(Body):
    """A question about one product."""

    question: Question = Field(
        description="The question, in the shopper's words.",
        max_length=1000,
        examples=[QUESTION_EXAMPLE],
    )
    product_id: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        description="The product whose reviews are read.", examples=[PRODUCT_EXAMPLE]
    )
    top_k: Count = Field(3, ge=1, le=50, description="At most so many answers.")
    passages: Count = Field(10, ge=1, le=100, description="How many passages the reader reads.")
    threshold: float | None = Field(
        None, ge=0, le=1, description="Least confidence of an answer; the model's own if absent."
    )


def ask_request(max_question_chars: int) -> type[AskRequest]:
    """:class:`AskRequest` with another bound on the question's length."""
    question = Field(
        description=f"The question, in at most {max_question_chars} characters.",
        max_length=max_question_chars,
        examples=[QUESTION_EXAMPLE],
    )
    return create_model("AskRequest", __base__=AskRequest, question=(Question, question))


class ReviewRef(BaseModel):
    """A review without its text, as an answer cites it."""

    id: str
    product_id: str
    title: str | None
    rating: float | None = Field(description="On the scale of the data the review came from.")
    date: str | None = Field(description="ISO 8601 day.")
    author: str | None
    verified: bool | None
    url: str | None


class ReviewOut(ReviewRef):
    """A whole review, its text as the author wrote it."""

    product_title: str | None
    text: str


class SupportOut(BaseModel):
    """One span of one review that gives the answer."""

    review: ReviewRef
    passage_id: str
    start: Offset
    end: Offset
    text: str = Field(description="The review's text from `start` to `end`.")
    sentence: str = Field(description="The text around the span.")
    sentence_start: Offset
    sentence_end: Offset
    confidence: Unit = Field(description="Calibrated probability that the span answers.")


class AnswerOut(BaseModel):
    """One answer and every review that gives it, the surest first."""

    text: str
    confidence: Unit
    support: list[SupportOut]


class PlaceOut(BaseModel):
    """Where one way of searching put a passage."""

    rank: int = Field(ge=1)
    score: float


class TermsOut(PlaceOut):
    """Where BM25 put a passage, and for which words."""

    terms: list[str] = Field(description="Words that BM25 searched for and the passage has.")


class OriginOut(BaseModel):
    """Where a passage came from and why; null for ways that did not find it or were not taken."""

    bm25: TermsOut | None
    dense: PlaceOut | None = Field(description="Its score is the similarity of the vectors.")
    fused: PlaceOut | None = Field(description="The joint ranking of BM25 and dense.")
    evidence: PlaceOut | None = Field(description="Its score is the reader's log odds.")
    cross_encoder: PlaceOut | None = Field(description="Its score is the ranking model's.")


class PassageOut(BaseModel):
    """A passage that the reader read. Scores order passages; they are not probabilities."""

    id: str
    review_id: str
    start: Offset
    end: Offset
    text: str
    score: float
    origin: OriginOut


class AskResponse(BaseModel):
    """Everything that was found, and how."""

    question: str
    corrections: dict[str, str] = Field(
        description="Words that no review has, and what BM25 searched for instead, in lower case."
    )
    product_id: str | None
    answered: bool = Field(description="Whether any answer passed the threshold.")
    answers: list[AnswerOut] = Field(description="Best first; empty when no review answers.")
    below_threshold: list[AnswerOut] = Field(description="The nearest misses, best first.")
    no_answer_probability: Unit = Field(description="That none of the passages read answers.")
    threshold: Unit
    passages: list[PassageOut]
    reviews_read: int = Field(ge=0, description="Distinct reviews among the passages.")
    milliseconds: dict[str, float] = Field(description="Wall time by stage.")
    model_fingerprint: str
    store_fingerprint: str


class ProductOut(BaseModel):
    """A product as its reviews tell."""

    id: str
    title: str | None
    reviews: int = Field(ge=0)
    passages: int = Field(ge=0)
    mean_rating: float | None


class ProductPage(BaseModel):
    """One page of products, those with most reviews first."""

    products: list[ProductOut]
    limit: int
    offset: int
    next_offset: int | None = Field(description="Where the next page begins; null on the last.")


class ProductQuery(BaseModel):
    """Which products to list."""

    model_config = ConfigDict(extra="forbid")

    query: str | None = Field(
        None, max_length=200, description="Part of a product's id or title, in any case."
    )
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000)


class Status(BaseModel):
    """The state of the process."""

    status: str


class Fault(BaseModel):
    """One thing wrong with a request."""

    in_: str = Field(alias="in", description="body, query or path.")
    field: str
    message: str


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = Field(None, description="Also in the X-Request-ID header.")
    errors: list[Fault] | None = None
    suggestions: list[str] | None = Field(None, description="Products perhaps meant.")
